/** The lines of a transcript. A click on a word seeks; during playback the spoken word is marked. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { Playhead } from "../film/playhead.ts";
import { formatClock } from "../format.ts";
import { type CaptionLine, gapsOf, lineAt, wordAt } from "./transcript.ts";

export interface CaptionListProps {
  lines: CaptionLine[];
  /** Indices of the lines to show. */
  shown: number[];
  language: string;
  playhead: Playhead;
  onEdit: (index: number, text: string) => void;
}

/** Less certain words are underlined. */
const MIN_CONFIDENCE = 0.5;

export function CaptionList({ lines, shown, language, playhead, onEdit }: CaptionListProps) {
  const list = useRef<HTMLOListElement>(null);
  const [editing, setEditing] = useState(-1);
  useEffect(() => playhead.listen((timeS) => list.current && markSpoken(list.current, lines, timeS)), [lines, shown, playhead]);
  return (
    <ol
      class="caption-lines"
      ref={list}
      aria-label="Transcript"
      tabIndex={0}
      onClick={(event) => {
        const { at } = (event.target as HTMLElement).dataset;
        if (at !== undefined) playhead.seek(Number(at));
      }}
    >
      {shown.map((index) => (
        <Line
          key={index}
          index={index}
          line={lines[index] as CaptionLine}
          language={language}
          isEditing={editing === index}
          onSeek={() => playhead.seek((lines[index] as CaptionLine).startS)}
          onOpen={() => setEditing(index)}
          onClose={(text) => {
            setEditing(-1);
            if (text !== null) onEdit(index, text);
          }}
        />
      ))}
    </ol>
  );
}

interface LineProps {
  index: number;
  line: CaptionLine;
  language: string;
  isEditing: boolean;
  onSeek: () => void;
  onOpen: () => void;
  /** Null discards the text. */
  onClose: (text: string | null) => void;
}

function Line({ index, line, language, isEditing, onSeek, onOpen, onClose }: LineProps) {
  const time = formatClock(line.startS);
  const gaps = gapsOf(line);
  return (
    <li data-line={index}>
      <button type="button" class="link time" onClick={onSeek}>
        {time}
      </button>
      {isEditing ? (
        <LineEditor label={`Line at ${time}`} language={language} text={line.lines.join("\n")} onClose={onClose} />
      ) : (
        <>
          <p lang={language || undefined} dir="auto">
            {line.speaker && <span class="hint">{line.speaker}: </span>}
            {line.words.map((word, number) => (
              <>
                {gaps[number]}
                <span
                  data-at={word.startS}
                  class={(word.confidence ?? 1) < MIN_CONFIDENCE ? "unsure" : undefined}
                  title={(word.confidence ?? 1) < MIN_CONFIDENCE ? "Perhaps misheard" : undefined}
                >
                  {word.text}
                </span>
              </>
            ))}
            {line.words.length === 0 && (line.isEdited ? <span class="hint">(removed)</span> : line.lines.join(" "))}
          </p>
          <button type="button" class="quiet" onClick={onOpen}>
            Edit<span class="visually-hidden"> the line at {time}</span>
          </button>
        </>
      )}
    </li>
  );
}

interface LineEditorProps {
  label: string;
  language: string;
  text: string;
  onClose: (text: string | null) => void;
}

/** Enter and leaving the field keep the text; Shift+Enter breaks the line; Escape discards the text. */
function LineEditor({ label, language, text, onClose }: LineEditorProps) {
  const field = useRef<HTMLTextAreaElement>(null);
  const isClosed = useRef(false);
  useEffect(() => field.current?.focus(), []);
  const close = (value: string | null): void => {
    // Removing the field from the page takes its focus as well.
    if (isClosed.current) return;
    isClosed.current = true;
    onClose(value);
  };
  return (
    <textarea
      ref={field}
      aria-label={label}
      lang={language || undefined}
      dir="auto"
      rows={2}
      maxLength={500}
      defaultValue={text}
      onBlur={(event) => close(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.isComposing) return;
        if (event.key === "Escape") close(null);
        if (event.key === "Enter" && !event.shiftKey) {
          event.preventDefault();
          close(event.currentTarget.value);
        }
      }}
    />
  );
}

/**
 * Marks the word that is spoken at a time and keeps its line in view. It changes the page itself: rendering the list for
 * every word would take longer than a frame of an hour's transcript.
 */
function markSpoken(list: HTMLOListElement, lines: readonly CaptionLine[], timeS: number): void {
  const index = lineAt(lines, timeS);
  const line = lines[index];
  const row = list.querySelector<HTMLElement>(`[data-line="${index}"]`);
  const current = list.querySelector("[aria-current]");
  if (current !== row) {
    current?.removeAttribute("aria-current");
    row?.setAttribute("aria-current", "true");
    if (row && !list.contains(document.activeElement)) keepInView(list, row);
  }
  const word = line ? row?.querySelectorAll("[data-at]")[wordAt(line, timeS)] : undefined;
  const marked = list.querySelector(".spoken");
  if (marked === word) return;
  marked?.classList.remove("spoken");
  word?.classList.add("spoken");
}

/** Scrolls the list only, not the page. */
function keepInView(list: HTMLElement, row: HTMLElement): void {
  const top = row.offsetTop - list.offsetTop;
  if (top < list.scrollTop || top + row.offsetHeight > list.scrollTop + list.clientHeight)
    list.scrollTop = top - list.clientHeight / 3;
}
