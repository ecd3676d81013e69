/** A file's row on the page. */
import { element, language } from "../lib/page.js";

const percent = new Intl.NumberFormat(language, { style: "percent" });

/** The words of a state. */
export function stateWords(state) {
  return {
    waiting: gettext("waiting"),
    sending: gettext("sending"),
    paused: gettext("paused"),
    checking: gettext("checking"),
    added: gettext("added"),
    already: gettext("already there"),
    refused: gettext("refused"),
    left_out: gettext("left out"),
  }[state];
}

/** A number of bytes, for people. */
export function sizeWords(bytes) {
  const units = [[1e9, "gigabyte"], [1e6, "megabyte"], [1e3, "kilobyte"]];
  const [least, unit] = units.find(([least]) => bytes >= least) ?? units.at(-1);
  const value = bytes / least;
  const options = { style: "unit", unit, maximumFractionDigits: value < 10 ? 1 : 0 };
  return new Intl.NumberFormat(language, options).format(value);
}

/** A row for an item, and how to bring it up to date. */
export function rowFor(item, { onRemove }) {
  const row = element("row").content.firstElementChild.cloneNode(true);
  const part = (name) => row.querySelector(name);
  part(".file-name").textContent = item.name;
  part("button").setAttribute("aria-label", interpolate(gettext("Remove %s"), [item.name]));
  part("button").addEventListener("click", () => onRemove(item));
  return { row, update: () => update(item, row, part) };
}

function update(item, row, part) {
  row.dataset.state = item.state;
  const isUnderWay = ["sending", "paused"].includes(item.state) && item.size > 0;
  const share = isUnderWay && item.sent > 0 ? ` ${percent.format(item.sent / item.size)}` : "";
  part(".file-state").textContent = stateWords(item.state) + share;
  part(".file-size").textContent = [sizeWords(item.size), item.place].filter(Boolean).join(" · ");
  part("progress").hidden = !isUnderWay;
  part("progress").value = isUnderWay ? item.sent / item.size : 0;
  const waitsForFile = item.state === "paused" && !item.file ? gettext("Choose the file again to go on.") : "";
  part(".file-reason").textContent = item.reason || waitsForFile || item.note;
  part("button").hidden = item.state === "checking";
}
