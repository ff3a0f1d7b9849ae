// The interactive part of the page: filters, marks, their export. Without it all pictures stay visible.
// Everything that came from elsewhere is read from attributes and written as text, never as HTML.
(() => {
  "use strict";
  const gallery = document.querySelector("#gallery .cards");
  if (!gallery) return;
  const form = document.querySelector("#gallery .filters");
  const tools = document.querySelector("#gallery .tools");
  const status = document.getElementById("gallery-status");
  const cards = [...gallery.querySelectorAll(".card")];
  const lines = [...gallery.querySelectorAll(".line")];
  const store = "tierwise-marks-" + gallery.dataset.run;
  const labelsOf = new Map(lines.map((line) => [line, JSON.parse(line.dataset.labels)]));
  const choices = new Map(
    [...document.querySelectorAll("#gallery template.choices")].map((one) => [one.dataset.task, one]),
  );
  let marks = remembered();
  let current = -1;

  // What a mark belongs to: a picture and a task.
  function keyOf(line) {
    const card = line.closest(".card");
    return JSON.stringify([card.dataset.uri, card.dataset.page, line.dataset.task]);
  }

  // Browsers may keep nothing for files that were opened from a disk or a mail; then marks last as
  // long as the page is open.
  function remembered() {
    try {
      return new Map(JSON.parse(localStorage.getItem(store) || "[]"));
    } catch {
      return new Map();
    }
  }

  function remember() {
    try {
      localStorage.setItem(store, JSON.stringify([...marks]));
    } catch {
      // as above
    }
  }

  // The values of a filter, the most frequent first, as options whose text cannot be code.
  function fill(name, valuesOf) {
    const counts = new Map();
    for (const line of lines) {
      if (line.dataset.task !== form.task.value) continue;
      for (const value of valuesOf(line)) if (value) counts.set(value, (counts.get(value) || 0) + 1);
    }
    const select = form[name];
    const before = select.value;
    select.length = 1;
    for (const [value, count] of [...counts].sort((a, b) => b[1] - a[1])) {
      select.add(new Option(`${shown(value)} (${count})`, value));
    }
    select.value = counts.has(before) ? before : "";
  }

  // Of the values that are known beforehand, those that a task has.
  function offer(name, valuesOf) {
    const there = new Set(lines.filter((line) => line.dataset.task === form.task.value).flatMap(valuesOf));
    for (const option of [...form[name].options].slice(1)) {
      option.hidden = option.disabled = !there.has(option.value);
      if (option.disabled && option.selected) form[name].value = "";
    }
  }

  // As the page shows text of others: what would turn the direction of the rest is written out.
  function shown(value) {
    const plain = value.replace(
      /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
      (sign) => "\\u" + sign.charCodeAt(0).toString(16).padStart(4, "0"),
    );
    return plain.length > 60 ? plain.slice(0, 59) + "…" : plain;
  }

  function fits(line) {
    const data = line.dataset;
    const mark = marks.get(keyOf(line));
    const wanted = form.mark.value;
    return (
      data.task === form.task.value &&
      (!form.label.value || labelsOf.get(line).includes(form.label.value)) &&
      (!form.old.value || data.old === form.old.value) &&
      (!form.doubt.value || data.doubt.split(" ").includes(form.doubt.value)) &&
      (!form.failure.value || data.failure === form.failure.value) &&
      (!form.resolution.value || data.resolution === form.resolution.value) &&
      (!form.by.value || data.by === form.by.value) &&
      (!wanted || (wanted === "none" ? !mark : mark?.verdict === wanted))
    );
  }

  function filter() {
    for (const card of cards) {
      let any = false;
      for (const line of card.querySelectorAll(".line")) {
        const fit = fits(line);
        line.hidden = !fit;
        any ||= fit;
      }
      card.hidden = !any;
    }
    const visible = visibleLines();
    if (current >= 0 && lines[current].hidden) moveTo(visible[0] || null, false);
    tell();
  }

  function visibleLines() {
    return lines.filter((line) => !line.hidden);
  }

  function moveTo(line, focus = true) {
    gallery.querySelector(".card.current")?.classList.remove("current");
    current = line ? lines.indexOf(line) : -1;
    if (!line) return;
    const card = line.closest(".card");
    card.classList.add("current");
    if (focus) {
      card.focus({ preventScroll: true });
      card.scrollIntoView({ block: "center" });
    }
  }

  function step(by) {
    const visible = visibleLines();
    const place = current < 0 ? -1 : visible.indexOf(lines[current]);
    const next = place < 0 ? 0 : Math.min(visible.length - 1, Math.max(0, place + by));
    if (visible.length) moveTo(visible[next]);
  }

  function mark(line, verdict) {
    if (line.dataset.cell === undefined) return;
    const key = keyOf(line);
    if (!verdict || marks.get(key)?.verdict === verdict) marks.delete(key);
    else marks.set(key, { verdict, truth: verdict === "wrong" ? onlyOther(line) : "" });
    remember();
    paint(line);
    tell();
  }

  // Where there are two labels, what is right follows from what is wrong.
  function onlyOther(line) {
    const options = choices.get(line.dataset.task)?.content.querySelectorAll("option");
    if (!options || options.length !== 2 || labelsOf.get(line).length !== 1) return "";
    return [...options].map((one) => one.value).find((one) => one !== line.dataset.cell) || "";
  }

  // The buttons of one answer, and where it is wrong, a place for what would be right.
  function paint(line) {
    const found = marks.get(keyOf(line));
    let place = line.querySelector(".marks");
    if (!place) {
      place = document.createElement("div");
      place.className = "marks";
      for (const verdict of ["right", "wrong"]) {
        const button = document.createElement("button");
        button.type = "button";
        button.dataset.verdict = verdict;
        button.textContent = (verdict === "right" ? "✓ " : "✗ ") + verdict;
        button.setAttribute("aria-label", `${verdict}: ${shown(line.dataset.task)}`);
        place.append(button);
      }
      line.querySelector("dd").append(place);
    }
    for (const button of place.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(found?.verdict === button.dataset.verdict));
    }
    let truth = place.querySelector(".truth-of");
    if (found?.verdict !== "wrong") {
      truth?.remove();
    } else {
      if (!truth) place.append((truth = truthField(line)));
      truth.value = found.truth;
    }
  }

  function truthField(line) {
    const template = choices.get(line.dataset.task);
    const oneLabel = template && !line.dataset.cell.startsWith("[");
    const field = document.createElement(oneLabel ? "select" : "input");
    field.className = "truth-of";
    field.setAttribute("aria-label", "What would be right");
    if (oneLabel) {
      field.append(new Option("right would be …", ""), template.content.cloneNode(true));
    } else {
      field.placeholder = "right would be …";
    }
    return field;
  }

  function tell() {
    const right = [...marks.values()].filter((one) => one.verdict === "right").length;
    const pictures = cards.filter((card) => !card.hidden).length;
    status.textContent = `${pictures} shown · ${right} right · ${marks.size - right} wrong`;
  }

  // One row for each mark. Of a wrong answer only what would be right counts. Whoever marks pictures
  // has chosen them, and says so: they do not tell how often anything is.
  function corrections() {
    const table = [["uri", "page", "content_hash", "task", "answer", "by", "drawn"]];
    let unsaid = 0;
    for (const line of lines) {
      const found = marks.get(keyOf(line));
      const cell = found && (found.verdict === "right" ? line.dataset.cell : found.truth);
      if (found && !cell) unsaid += 1;
      if (!cell) continue;
      const { uri, page, content } = line.closest(".card").dataset;
      table.push([uri, page, content, line.dataset.task, cell, "", "chosen"]);
    }
    const csv = table.map((row) => row.map(quoted).join(",") + "\r\n").join("");
    return { csv: "\ufeff" + csv, unsaid };
  }

  // A spreadsheet takes what begins like this for a formula; an apostrophe makes it a text.
  function quoted(cell) {
    const text = /^[=+\-@\t\r]/.test(cell) ? "'" + cell : cell;
    return /[",\r\n]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text;
  }

  function save() {
    const link = document.createElement("a");
    const { csv, unsaid } = corrections();
    const url = URL.createObjectURL(new Blob([csv], { type: "text/csv;charset=utf-8" }));
    link.href = url;
    link.download = "marks.csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
    tell();
    if (unsaid) status.textContent += ` · left out of the CSV: ${unsaid} wrong without what would be right`;
  }

  form.addEventListener("change", (event) => {
    if (event.target === form.task) fillAll();
    filter();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  gallery.addEventListener("click", (event) => {
    const line = event.target.closest(".line");
    const button = event.target.closest("button[data-verdict]");
    if (line) moveTo(line, false);
    if (button) mark(line, button.dataset.verdict);
  });
  gallery.addEventListener("change", (event) => {
    const line = event.target.closest(".line");
    const found = marks.get(keyOf(line));
    if (!found || !event.target.matches(".truth-of")) return;
    found.truth = event.target.value;
    remember();
  });
  document.addEventListener("keydown", (event) => {
    if (event.target.matches("input, select, textarea") || event.ctrlKey || event.metaKey || event.altKey) return;
    const within = document.getElementById("gallery").contains(document.activeElement) || current >= 0;
    const line = lines[current];
    if (event.key === "ArrowRight" && within) step(1);
    else if (event.key === "ArrowLeft" && within) step(-1);
    else if (event.key === "r" && line) mark(line, "right");
    else if (event.key === "w" && line) mark(line, "wrong");
    else if (event.key === "u" && line) mark(line, "");
    else return;
    event.preventDefault();
  });
  tools.querySelector("[name=export]").addEventListener("click", save);
  tools.querySelector("[name=forget]").addEventListener("click", () => {
    if (!confirm("Forget all marks on this page?")) return;
    marks = new Map();
    remember();
    lines.forEach(paint);
    filter();
  });

  function fillAll() {
    fill("label", (line) => labelsOf.get(line));
    fill("old", (line) => [line.dataset.old]);
    fill("by", (line) => [line.dataset.by]);
    fill("resolution", (line) => [line.dataset.resolution]);
    offer("failure", (line) => [line.dataset.failure]);
    offer("doubt", (line) => line.dataset.doubt.split(" "));
  }

  for (const line of lines) if (line.dataset.cell !== undefined) paint(line);
  for (const card of cards) card.tabIndex = -1;
  cards.length && (cards[0].tabIndex = 0);
  cards[0]?.addEventListener("focus", () => current < 0 && step(1));
  form.hidden = false;
  tools.hidden = false;
  fillAll();
  filter();
})();
