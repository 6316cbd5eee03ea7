function clean(data) {
  return data;
}
