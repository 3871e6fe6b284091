/** The page of a share link: seeks to chapters and lines, follows the playback, searches the transcript. */
"use strict";

const video = document.querySelector("video");
const lines = document.querySelector(".lines");
/** A signed URL of the file is valid for 15 minutes: after an error the file is requested again. */
const RELOAD_AFTER_MS = 60_000;
/** Players seek slightly before or after the requested time. */
const TOLERANCE_S = 0.02;

function seek(timeS) {
  video.currentTime = timeS;
  video.play().catch(() => undefined);
}

/** Marks the last link whose time has come, in a list. */
function follow(list) {
  const links = [...list.querySelectorAll("[data-at]")];
  const times = links.map((link) => Number(link.dataset.at));
  let marked = null;
  return () => {
    const index = times.findLastIndex((time) => time <= video.currentTime + TOLERANCE_S);
    const row = index < 0 ? null : links[index].closest("li");
    if (row === marked) return;
    marked?.removeAttribute("aria-current");
    row?.setAttribute("aria-current", "true");
    marked = row;
    if (row && !row.hidden && list.matches(".lines") && !list.contains(document.activeElement)) keepInView(list, row);
  };
}

/** Scrolls the list only, not the page. */
function keepInView(list, row) {
  const top = row.offsetTop - list.offsetTop;
  if (top < list.scrollTop || top + row.offsetHeight > list.scrollTop + list.clientHeight)
    list.scrollTop = top - list.clientHeight / 3;
}

if (video) {
  const followers = [...document.querySelectorAll(".chapters, .lines")].map(follow);
  const update = () => followers.forEach((mark) => mark());
  video.addEventListener("timeupdate", update);
  video.addEventListener("seeking", update);
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-at]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    seek(Number(link.dataset.at));
  });

  let loadedAt = Date.now();
  video.addEventListener("error", () => {
    if (Date.now() - loadedAt < RELOAD_AFTER_MS) {
      document.querySelector(".broken").hidden = false;
      return;
    }
    loadedAt = Date.now();
    const { currentTime, paused } = video;
    video.addEventListener(
      "loadedmetadata",
      () => {
        video.currentTime = currentTime;
        if (!paused) video.play().catch(() => undefined);
      },
      { once: true },
    );
    video.load();
  });
}

if (lines) {
  const search = document.querySelector(".search");
  const field = search.querySelector("input");
  const status = search.querySelector("[role=status]");
  const rows = [...lines.children].map((row) => [row, row.querySelector(".words").textContent.toLocaleLowerCase()]);
  search.hidden = false;
  field.addEventListener("input", () => {
    const words = field.value.toLocaleLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const [row, text] of rows) {
      row.hidden = !words.every((word) => text.includes(word));
      count += row.hidden ? 0 : 1;
    }
    status.textContent = words.length ? (count === 1 ? "1 line" : `${count} lines`) : "";
  });
  field.addEventListener("keydown", (event) => {
    const first = rows.find(([row]) => !row.hidden)?.[0].querySelector("[data-at]");
    if (event.key === "Enter" && first) seek(Number(first.dataset.at));
  });
}
