(function () {
  var table = document.getElementById("ix"), body = table.tBodies[0], search = document.getElementById("q");
  var count = document.getElementById("cnt"), none = document.getElementById("none");
  function rows() { return [].slice.call(body.rows); }
  function narrow() {
    var words = search.value.trim().toLowerCase(), shown = 0;
    rows().forEach(function (r) { r.hidden = r.dataset.q.indexOf(words) < 0; shown += !r.hidden; });
    count.textContent = count.dataset.t.replace("#", shown);
    none.hidden = shown > 0;
  }
  table.querySelectorAll("th[aria-sort] button").forEach(function (button) {
    button.addEventListener("click", function () {
      var head = button.parentNode, i = head.cellIndex, n = head.dataset.n;
      var way = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      table.querySelectorAll("th[aria-sort]").forEach(function (h) { h.setAttribute("aria-sort", "none"); });
      head.setAttribute("aria-sort", way > 0 ? "ascending" : "descending");
      rows().sort(function (a, b) {
        var x = a.cells[i].dataset.s, y = b.cells[i].dataset.s;
        return way * (n ? x - y : x.localeCompare(y, document.documentElement.lang));
      }).forEach(function (r) { body.appendChild(r); });
    });
  });
  search.closest("[hidden]").hidden = false;
  search.addEventListener("input", narrow);
})();
