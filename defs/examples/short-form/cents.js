function execute(data) {
  var rows = data.getItems();
  for (var i = 0; i < rows.size(); i++) {
    rows.get(i).setValue("fact", Math.round(rows.get(i).getValue("fact") * 100));
  }
  return data;
}
