// Fahrenheit becomes Celsius; what is no number becomes a question mark.
function execute(data) {
  var rows = data.getItems();
  for (var i = 0; i < rows.size(); i++) {
    var row = rows.get(i);
    var fahrenheit = parseFloat(row.getValue("fact"));
    row.setValue("fact", isNaN(fahrenheit) ? "?" : rounded((fahrenheit - 32) / 1.8));
  }
  return data;
}
