function execute(data) {
  var rows = data.getItems(;
  return data;
}
