// What data scripts see of the rows, made of plain JavaScript. It runs after the prelude, with what that
// made, and only in engines of data scripts. The same rule holds: own state lies in private fields, and what
// is handed back is checked again on the other side.
(function (own, host) {
  'use strict';

  const { text, DateTime } = own;
  const { apply } = Reflect;
  const asText = String;
  const lower = Function.prototype.call.bind(String.prototype.toLowerCase);

  class List extends Array {
    size() { return this.length; }
    isEmpty() { return this.length === 0; }
    contains(value) { return this.indexOf(value) >= 0; }
    clear() { this.length = 0; }
    get(index) {
      this.#check(index);
      return this[index];
    }
    add(index, value) {
      if (arguments.length < 2) this.push(index);
      else this.splice(index, 0, value);
      return true;
    }
    remove(which) {
      if (typeof which === 'number') {
        this.#check(which);
        return this.splice(which, 1)[0];
      }
      const index = this.indexOf(which);
      if (index >= 0) this.splice(index, 1);
      return index >= 0;
    }
    #check(index) {
      if (!(index >= 0 && index < this.length && index === Math.floor(index))) {
        throw new RangeError('index ' + asText(index) + ' is outside of a list of ' + this.length);
      }
    }
  }

  // One per call: the cells of all rows one after the other.
  class Cells {
    constructor(values, indexes) {
      this.values = values;
      this.indexes = indexes;
      this.changed = new Uint8Array(values.length);
    }
    write(at, value) {
      this.values[at] = text(value);
      this.changed[at] = 1;
    }
  }

  class Axis {
    #cells; #at; #facts;
    constructor(cells, at, facts) {
      this.#cells = cells;
      this.#at = at;
      this.#facts = facts;
    }
    getAxisName() { return this.#facts.kind; }
    getItemName() { return this.#facts.name; }
    getMatch() { return this.#facts.match; }
    getOrder() { return this.#facts.order; }
    getIndex() { return this.#cells.indexes[this.#at]; }
    getValue() { return this.#cells.values[this.#at]; }
    setValue(value) { this.#cells.write(this.#at, value); }
    toString() { return this.#facts.kind + ' ' + this.#facts.name + ' = ' + this.getValue(); }
  }

  class Row {
    #cells; #number; #start; #template; #axes = null;
    constructor(cells, number, start, template) {
      this.#cells = cells;
      this.#number = number;
      this.#start = start;
      this.#template = template;
    }
    getAxes() {
      const axes = new List();
      for (let i = 0; i < this.#template.length; i++) axes.push(this.#axis(i));
      return axes;
    }
    getAxis(kind) { return this.#axis(this.#find(kind)); }
    getAxisByItemName(name) {
      for (let i = 0; i < this.#template.length; i++) {
        if (this.#template[i].name === name) return this.#axis(i);
      }
      return null;
    }
    getValue(kind) {
      const i = this.#find(kind);
      return i < 0 ? null : this.#cells.values[this.#start + i];
    }
    setValue(kind, value) {
      const i = this.#find(kind);
      if (i < 0) throw new TypeError('the row has no axis of kind `' + asText(kind) + '`');
      this.#cells.write(this.#start + i, value);
    }
    #find(kind) {
      const wanted = lower(asText(kind));
      if (wanted !== 'item' && wanted !== 'dim' && wanted !== 'fact') {
        throw new TypeError('an axis is an item, a dim or a fact, not `' + wanted + '`');
      }
      for (let i = 0; i < this.#template.length; i++) {
        if (this.#template[i].kind === wanted) return i;
      }
      return -1;
    }
    #axis(i) {
      if (i < 0) return null;
      if (this.#axes === null) this.#axes = [];
      let axis = this.#axes[i];
      if (axis === undefined) {
        axis = new Axis(this.#cells, this.#start + i, this.#template[i]);
        this.#axes[i] = axis;
      }
      return axis;
    }
    // The number that the row came with; undefined for anything that is not a row.
    static numberOf(value) {
      return typeof value === 'object' && value !== null && #number in value ? value.#number : undefined;
    }
  }
  const numberOf = Row.numberOf;
  delete Row.numberOf;

  class Data {
    #cells; #facts; #items; #count;
    constructor(facts, cells, items) {
      this.#facts = facts;
      this.#cells = cells;
      this.#items = items;
      this.#count = items.length;
    }
    getItems() { return this.#items; }
    setItems(items) { this.#items = items; }
    getName() { return this.#facts.name; }
    getDataDef() { return this.#facts.dataDef; }
    getRunDate() { return new DateTime(host.runDate); }
    getTagValue(tag) {
      const value = this.#facts.tags[asText(tag)];
      return value === undefined ? null : value;
    }
    toString() { return this.#facts.name + ', ' + this.#items.length + ' rows'; }

    // What has become of the data: [problem] or [null, rows, order, changes, changed]. `order` is null
    // where the rows are still those that came, `changed` holds position and value by turns.
    static outcome(data, result) {
      if (result !== data) {
        return ['returned ' + kindOf(result) + '; it must return the data that it is given'];
      }
      const problem = [];
      const order = data.#order(problem);
      if (problem.length > 0) return problem;
      const { values, changed } = data.#cells;
      const changes = [];
      for (let at = 0; at < changed.length; at++) {
        if (changed[at] !== 0) changes.push(at, values[at]);
      }
      return [null, order === null ? data.#count : order.length, order, changes.length, changes];
    }
    #order(problem) {
      const items = this.#items;
      if (typeof items !== 'object' || items === null) {
        problem.push('left ' + kindOf(items) + ' in place of the items');
        return null;
      }
      const seen = new Uint8Array(this.#count);
      const order = [];
      let moved = items.length !== this.#count;
      for (let i = 0; i < items.length; i++) {
        const number = numberOf(items[i]);
        if (number === undefined || number >= this.#count || seen[number] !== 0) {
          const what =
            number === undefined ? kindOf(items[i]) + ', not a row' : 'a row that is there already';
          problem.push('left ' + what + ' at index ' + i + ' of the items');
          return null;
        }
        seen[number] = 1;
        if (number !== i) moved = true;
        order.push(number);
      }
      return moved ? order : null;
    }
  }
  const outcome = Data.outcome;
  delete Data.outcome;

  for (const made of [List, Axis, Row, Data]) delete made.prototype.constructor;

  function kindOf(value) {
    if (value === null || value === undefined) return asText(value);
    return typeof value === 'object' ? 'another object' : 'a ' + typeof value;
  }

  // Rows come as flat arrays: per row its template and the position of its first cell, per cell its value
  // and its index.
  function run(entry, facts, templates, rowTemplates, starts, values, indexes) {
    const cells = new Cells(values, indexes);
    const items = new List();
    for (let n = 0; n < rowTemplates.length; n++) {
      items.push(new Row(cells, n, starts[n], templates[rowTemplates[n]] || []));
    }
    const data = new Data(facts, cells, items);
    return outcome(data, apply(entry, undefined, [data]));
  }

  return run;
})
