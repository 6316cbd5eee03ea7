// What scripts see of the node, made of plain JavaScript over the few native functions in `host`.
//
// It runs once in every engine, before any script. It keeps what it needs of the built-in objects in
// constants, and its own state in private fields, so that a script can change any built-in object and still
// harms only itself. What it hands back is checked again on the other side.
(function (host) {
  'use strict';

  const { defineProperty, freeze, getPrototypeOf } = Object;
  const { ownKeys } = Reflect;
  const call = Function.prototype.call;
  const getTime = call.bind(Date.prototype.getTime);
  const wellFormed = call.bind(String.prototype.toWellFormed);
  const cut = call.bind(String.prototype.slice);
  const lower = call.bind(String.prototype.toLowerCase);
  const asText = String;

  // A chain of iterator helpers calls itself natively without looking at the stack limit: 10,000 links end
  // the process. Blocking and sharing between threads have no place here either.
  const iterator = getPrototypeOf(getPrototypeOf([][Symbol.iterator]()));
  for (const key of ownKeys(iterator)) {
    if (key !== Symbol.iterator) delete iterator[key];
  }
  delete globalThis.Iterator;
  delete globalThis.Atomics;
  delete globalThis.SharedArrayBuffer;

  // ---- values become text

  function dateText(millis) {
    if (millis !== millis) throw new RangeError('the date is invalid');
    const text = host.dateText(millis);
    if (text === undefined) throw new RangeError(host.dateProblem(millis));
    return text;
  }

  function text(value) {
    if (value === null || value === undefined) return null;
    if (typeof value === 'object') {
      let millis = null;
      try { millis = getTime(value); } catch { /* not a Date */ }
      if (millis !== null) return dateText(millis);
    }
    return wellFormed(asText(value));
  }

  function part(read) {
    try {
      const value = read();
      return value === undefined || value === null ? '' : cut(wellFormed(asText(value)), 0, 500);
    } catch {
      return '';
    }
  }

  function describe(thrown) {
    if (typeof thrown !== 'object' || thrown === null) return ['', part(() => thrown), ''];
    const message = part(() => thrown.message);
    const stack = part(() => cut(asText(thrown.stack), 0, 500));
    return [part(() => thrown.name), message === '' ? part(() => asText(thrown)) : message, stack];
  }

  // ---- configs and document

  class DateTime extends Date {
    toString() { return dateText(getTime(this)); }
  }
  delete DateTime.prototype.constructor;

  function setting(key, given, fallback) {
    const name = wellFormed(asText(key));
    const value = host.config(name);
    if (value !== undefined) return value;
    if (given > 1) return fallback;
    throw new ReferenceError(host.unknownKey(name));
  }

  function readBoolean(value, key) {
    if (typeof value !== 'string') return value;
    switch (lower(value)) {
      case 'true': case 'yes': case 'on': return true;
      case 'false': case 'no': case 'off': return false;
      default: throw new TypeError('the setting `' + key + '` is not a boolean: ' + cut(value, 0, 80));
    }
  }

  function readInt(value, key) {
    if (typeof value !== 'string') return value;
    const number = +value;
    if (value === '' || number !== Math.floor(number) || number - number !== 0) {
      throw new TypeError('the setting `' + key + '` is not a whole number: ' + cut(value, 0, 80));
    }
    return number;
  }

  const configs = freeze({
    getConfig(key, fallback) { return setting(key, arguments.length, fallback); },
    getBoolean(key, fallback) { return readBoolean(setting(key, arguments.length, fallback), key); },
    getInt(key, fallback) { return readInt(setting(key, arguments.length, fallback), key); },
    getRunDate() { return new DateTime(host.runDate); },
    getRunDateText() { return dateText(host.runDate); },
    getRunDateTime() { return new DateTime(host.runDateTime); },
    getRunDateTimeText() { return dateText(host.runDateTime); },
    getHighDate() { return new DateTime(host.highDate); },
    isCluster() { return host.isCluster; },
    getUserAgent() { return host.userAgent; },
  });
  defineProperty(globalThis, 'configs', { value: configs, enumerable: true });

  const page = host.page;
  if (page !== undefined) {
    let bytes;
    const document = freeze({
      getName() { return page.name; },
      getGroup() { return page.group; },
      getUrl() { return page.url; },
      getFromDate() { return new DateTime(page.fromDate); },
      getDocumentObject() { return bytes === undefined ? (bytes = host.bytes()) : bytes; },
      getLocatorId() { return page.locatorId; },
      getId() { return page.id; },
    });
    defineProperty(globalThis, 'document', { value: document, enumerable: true });
  }

  function log(...values) {
    let line = '';
    for (let i = 0; i < values.length && line.length < 1000; i++) {
      line += (i === 0 ? '' : ' ') + cut(wellFormed(asText(values[i])), 0, 1000);
    }
    host.log(wellFormed(cut(line, 0, 1000)));
  }
  globalThis.print = log;
  globalThis.console = { log, debug: log, info: log, warn: log, error: log };

  return { text, describe, DateTime };
})
