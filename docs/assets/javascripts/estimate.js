/* Estimates that answer back: inputs become fields; every result and every quote of it in the text follows.
   scripts/estimate.py compiled each line to a postfix program over values in base units; this runs it.
   overrides/main.html loads it when a reader asks, and calls `playEstimates`. */
(() => {
  "use strict";

  const OPERATIONS = {
    "+": [2, (a, b) => a + b], "-": [2, (a, b) => a - b], "*": [2, (a, b) => a * b], "/": [2, (a, b) => a / b],
    "**": [2, Math.pow], neg: [1, (x) => -x], min: [2, Math.min], max: [2, Math.max],
    ceil: [1, (x) => Math.ceil(x - Math.abs(x) * 1e-12)], floor: [1, (x) => Math.floor(x + Math.abs(x) * 1e-12)],
    sqrt: [1, Math.sqrt], log: [1, Math.log], log2: [1, Math.log2], exp: [1, Math.exp],
  };
  const SCALES = { "": 1, K: 1e3, k: 1e3, M: 1e6, B: 1e9, T: 1e12, "%": 0.01 };
  const NUMBER = /^(-?(?:\d{1,3}(?:,\d{3})+|\d[\d_]*)(?:\.\d+)?(?:[eE][+-]?\d+)?)\s*([KkMBT%]?)$/;

  /** The result of a program; RangeError where Python raises one too. `values` is a Map of base units. */
  function run(program, values) {
    const stack = [];
    for (const token of program.split(" ")) {
      if (values.has(token)) stack.push(values.get(token));
      else if (Object.hasOwn(OPERATIONS, token)) {
        const [arity, operation] = OPERATIONS[token];
        stack.push(operation(...stack.splice(-arity)));
      } else stack.push(Number(token));
      if (!Number.isFinite(stack.at(-1))) throw new RangeError(program);
    }
    return stack[0];
  }

  /** The same text as `amount` in scripts/estimate.py. */
  function amount(value, digits, scaled) {
    if (value === 0) return "0";
    const significant = (count) => {
      const [mantissa, power] = Math.abs(value).toExponential(count - 1).split("e");
      return [mantissa.replace(".", "").replace(/0+$/, ""), Number(power)];
    };
    let [shown, power] = significant(12);
    if (!digits) digits = shown.length <= power + 1 && power < 4 ? 12 : 3;
    [shown, power] = significant(digits);
    const sign = value < 0 ? "−" : "";
    if (power < -6 || power >= 15) {
      const raised = String(power).replace(/./g, (c) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[c] ?? "⁻");
      return `${sign}${shown[0]}${shown.length > 1 ? "." : ""}${shown.slice(1)} × 10${raised}`;
    }
    let suffix = "";
    if (scaled && power >= Math.max(4, digits)) {
      suffix = "\u00a0" + " KMBT"[Math.floor(power / 3)];
      power %= 3;
    }
    shown = "0".repeat(Math.max(0, -power)) + shown.padEnd(power + 1, "0");
    power = Math.max(power, 0);
    const part = shown.slice(power + 1);
    return sign + shown.slice(0, power + 1).replace(/\B(?=(\d{3})+$)/g, ",") + (part && ".") + part + suffix;
  }

  /** A value in base units, in the unit that an element's data attributes describe. */
  function written(value, { factor, unit, digits, scaled }) {
    let text = amount(value / Number(factor), Number(digits), scaled !== undefined);
    if (unit.startsWith("$") && /\.\d$/.test(text)) text += "0";
    return form(text, unit).replaceAll(" ", "\u00a0").replace("#", () => text);
  }

  const form = (text, unit) => unit.split("|")[text === "1" ? 0 : 1];

  /** What a field holds, in base units, or NaN. */
  function parsed(text, { factor, unit }) {
    const [, number, scale] = NUMBER.exec(text) ?? [];
    const percent = scale === "%" && unit.startsWith("#%"); // the unit says it already
    return number ? Number(number.replace(/[,_]/g, "")) * (percent ? 1 : SCALES[scale]) * Number(factor) : NaN;
  }

  const plain = (text) => text.replaceAll("\u00a0", " ");

  function make(tag, properties, ...children) {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  }

  /** Bring the estimates of the page to life. Their data are attributes of their elements; a built page has them in a
      file of its own, as a list in the order of the elements. */
  function play(data = []) {
    const elements = document.querySelectorAll(".estimate tr:is([data-given], [data-program]), .estimate-quote");
    data.forEach((attributes, at) => Object.assign(elements[at].dataset, attributes));
    const rows = [...document.querySelectorAll(".estimate tr[data-name]:not([data-live])")];
    if (!rows.length) return;
    const results = rows.filter((row) => row.dataset.program);
    const quotes = [...document.querySelectorAll("[data-quote]")];
    const blocks = [...new Set(rows.map((row) => row.closest(".estimate")))];
    const asked = new URLSearchParams(location.search);
    const fields = rows.filter((row) => row.dataset.given).map(field);
    let values = new Map(rows.map((row) => [row.dataset.name, Number(row.dataset.value)]));
    for (const button of document.querySelectorAll(".estimate-play")) button.remove();
    const original = new Map([...results.map((row) => row.cells[1]), ...quotes].map((shown) => [shown, shown.textContent]));
    for (const row of rows) row.dataset.live = "";
    blocks.forEach(tools);
    fields.filter((one) => asked.has(one.name)).forEach((one) => (one.input.value = asked.get(one.name)));
    take(fields);

    function field(row) {
      const { name, given, unit } = row.dataset;
      const title = row.cells[0].textContent;
      const input = make("input", { value: plain(given), size: Math.max(6, given.length), autocomplete: "off" });
      input.spellcheck = false;
      input.setAttribute("aria-label", `${title}, ${unit.split("|")[1].replace("#", "").trim() || "a number"}`);
      const error = make("span", { className: "estimate-error", id: `estimate-${name}-error`, hidden: true });
      const [before, after] = unit.split("|")[1].split("#");
      const label = make("span", {}, after);
      row.cells[1].replaceChildren(before, input, label, error);
      const one = { row, name, input, error, label };
      input.addEventListener("input", () => take([one]));
      input.addEventListener("change", () => tell(row.closest(".estimate")));
      return one;
    }

    function tools(block) {
      const reset = make("button", { type: "button", className: "estimate-reset" }, "Reset");
      reset.addEventListener("click", () => {
        for (const { input, row } of fields) input.value = plain(row.dataset.given);
        take(fields);
        tell(block);
      });
      const link = make("a", { className: "estimate-link" });
      link.addEventListener("click", async (event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return; // a new tab or window is the browser's matter
        event.preventDefault();
        event.stopPropagation(); // the theme would drop the query
        history.replaceState(history.state, "", link.href);
        try {
          await navigator.clipboard.writeText(link.href);
          link.textContent = "Link copied";
        } catch {
          link.textContent = "The link is in the address bar"; // no permission, or no clipboard
        }
      });
      const status = make("span", { className: "estimate-status" });
      status.setAttribute("role", "status");
      block.append(make("p", { className: "estimate-tools" }, reset, link, status));
    }

    /** Put these values where the others are; the row that then has no result, or none. */
    function attempt(given) {
      const next = new Map([...values, ...given]);
      const failed = results.find((row) => {
        try {
          next.set(row.dataset.name, run(row.dataset.program, next));
        } catch {
          return true;
        }
      });
      if (!failed) values = next;
      return failed;
    }

    /** Take over what these fields hold, together if they work only together, and try those in error again. */
    function take(changed) {
      const tried = [...new Set([...changed, ...fields.filter(({ error }) => !error.hidden)])];
      const given = new Map(tried.map((one) => [one.name, parsed(one.input.value.trim(), one.row.dataset)]));
      const together = ![...given.values()].some(Number.isNaN) && !attempt(given);
      for (const one of tried) {
        const value = given.get(one.name);
        const failed = !together && !Number.isNaN(value) && attempt([[one.name, value]]);
        let problem = "";
        if (Number.isNaN(value)) problem = `Write a number, such as ${plain(one.row.dataset.given)} or 1.5 K.`;
        else if (failed) problem = `With this, ${failed.cells[0].textContent} has no result.`;
        one.error.hidden = !problem;
        one.error.textContent = problem;
        for (const [attribute, content] of [["aria-invalid", "true"], ["aria-describedby", one.error.id]]) {
          if (problem) one.input.setAttribute(attribute, content);
          else one.input.removeAttribute(attribute);
        }
      }
      show();
    }

    function show() {
      const url = new URL(location.href);
      for (const { name, row, input, label } of fields) {
        const given = plain(row.dataset.given);
        const text = input.value.trim();
        row.classList.toggle("estimate-changed", text !== given);
        label.textContent = form(text, row.dataset.unit).split("#")[1];
        if (text === given) url.searchParams.delete(name);
        else url.searchParams.set(name, text);
      }
      for (const row of results) mark(row.cells[1], values.get(row.dataset.name), row.dataset);
      for (const quote of quotes) mark(quote, values.get(quote.dataset.quote), quote.dataset);
      for (const block of blocks) {
        const link = block.querySelector(".estimate-link");
        link.href = url.href;
        link.textContent = "Link to these inputs";
      }
    }

    function mark(element, value, data) {
      const text = written(value, data);
      element.textContent = text;
      element.classList.toggle("estimate-changed", text !== original.get(element));
      if (text === original.get(element)) element.removeAttribute("title");
      else element.title = `was ${original.get(element)}`;
    }

    /** Say to a screen reader what the change did. */
    function tell(block) {
      const changed = results.filter((row) => row.cells[1].classList.contains("estimate-changed"));
      const said = changed.map((row) => `${row.cells[0].textContent} ${row.cells[1].textContent}`);
      const more = said.length > 3 ? ` and ${said.length - 3} more` : "";
      const wrong = fields.filter(({ error }) => !error.hidden).map(({ error }) => error.textContent);
      if (said.length) wrong.push(`Changed: ${said.slice(0, 3).join(", ")}${more}.`);
      for (const other of blocks) other.querySelector(".estimate-status").textContent = "";
      block.querySelector(".estimate-status").textContent = wrong.join(" ") || "All results as given.";
    }
  }

  globalThis.playEstimates = play;
})();
