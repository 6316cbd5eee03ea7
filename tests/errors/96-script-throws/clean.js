var names = null;
names.sort();
function clean(data) { return data; }
