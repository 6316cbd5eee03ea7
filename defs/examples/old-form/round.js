function execute(data) {
  for (var i = 0; i < data.getItems().size(); i++) {
    var fact = data.getItems().get(i).getAxisByItemName("fact");
    fact.setValue(Number(fact.getValue()).toFixed(1));
  }
  return data;
}
