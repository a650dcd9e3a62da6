"""Reports: blocks from an audit, and the forms made of them (html, xlsx, notebook)."""
