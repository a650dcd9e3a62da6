(function () {
  function value(row, i) {
    var cell = row.cells[i], raw = cell.getAttribute("data-s");
    return raw === null ? cell.textContent.trim() : Number(raw);
  }
  function sorted(table, i, way) {
    var body = table.tBodies[0], lang = document.documentElement.lang;
    [].slice.call(body.rows).sort(function (a, b) {
      if (a.className === "sum" || b.className === "sum") return (a.className === "sum") - (b.className === "sum");
      var x = value(a, i), y = value(b, i);
      if (typeof x !== typeof y) return typeof x === "number" ? -1 : 1;
      return way * (typeof x === "number" ? x - y : x.localeCompare(y, lang));
    }).forEach(function (row) { body.appendChild(row); });
  }
  function heads(table) {
    [].forEach.call(table.tHead.rows[0].cells, function (head, i) {
      var button = document.createElement("button");
      button.type = "button";
      while (head.firstChild) button.appendChild(head.firstChild);
      head.appendChild(button);
      head.setAttribute("aria-sort", "none");
      button.addEventListener("click", function () {
        var way = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
        [].forEach.call(head.parentNode.cells, function (h) { h.setAttribute("aria-sort", "none"); });
        head.setAttribute("aria-sort", way > 0 ? "ascending" : "descending");
        sorted(table, i, way);
      });
    });
  }
  function filter(table, n) {
    var label = document.createElement("label"), box = document.createElement("input");
    label.className = "narrow";
    label.textContent = table.getAttribute("data-more") + " ";
    box.type = "search";
    box.id = "f" + n;
    label.htmlFor = box.id;
    label.appendChild(box);
    var told = document.createElement("output"), rows = table.tBodies[0].rows;
    told.htmlFor = box.id;
    label.appendChild(told);
    box.addEventListener("input", function () {
      var words = box.value.trim().toLowerCase(), shown = 0;
      [].forEach.call(rows, function (row) {
        row.hidden = row.textContent.toLowerCase().indexOf(words) < 0;
        shown += !row.hidden;
      });
      told.textContent = words ? shown + " / " + rows.length : "";
    });
    table.parentNode.insertBefore(label, table);
  }
  [].forEach.call(document.querySelectorAll("table[data-more]"), function (table, n) {
    heads(table);
    filter(table, n);
  });
})();
