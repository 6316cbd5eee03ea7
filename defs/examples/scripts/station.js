// Writes names in capitals, and the number of axes and of rows of the data behind the station's name.
function tidy(data) {
  var rows = data.getItems();
  for (var i = 0; i < rows.size(); i++) {
    var station = rows.get(i).getAxisByItemName("station");
    var text = station.getValue().toUpperCase() + " " + rows.get(i).getAxes().size() + "/" + rows.size();
    station.setValue(text + " " + station.getAxisName() + " " + station.getItemName() + " " + station.getIndex());
  }
  return data;
}
