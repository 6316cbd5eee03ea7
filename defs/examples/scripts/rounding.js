// A library: it puts its function into the global object, as libraries for browsers do.
(function (global) {
  digits = 1;
  global.rounded = function (number) {
    return number.toFixed(digits) + " °C";
  };
})(this);
