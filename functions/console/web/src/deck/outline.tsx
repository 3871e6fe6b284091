/** All slides in their order: chosen, moved, added and taken out. */
import { type Archive, usePicture } from "../frames/use-archive.ts";
import { type Draft, LIMITS, type Slide, moved, withNew, without } from "./editing.ts";

export interface OutlineProps {
  draft: Draft;
  /** The slides as they were drawn, in the order of `drawn`. */
  archive: Archive | null;
  drawn: readonly string[];
  chosen: string;
  /** Whether something is wrong with the slide at this place. */
  wrongAt: (place: number) => boolean;
  onChoose: (id: string) => void;
  onChange: (draft: Draft) => void;
}

export function Outline(props: OutlineProps) {
  const { draft, drawn, chosen, onChoose, onChange } = props;
  const place = draft.slides.findIndex((one) => one.id === chosen);
  const many = draft.slides.length;
  return (
    <div class="outline">
      <ol aria-label="Slides">
        {draft.slides.map((slide, n) => (
          <li key={slide.id}>
            <button
              type="button"
              class="quiet"
              aria-current={slide.id === chosen ? "true" : undefined}
              onClick={() => onChoose(slide.id)}
            >
              <span class="number">{n + 1}</span>
              <SlidePicture archive={props.archive} drawn={drawn} slide={slide} shape={shapeOf(draft)} />
              <span class="heading">
                {slide.heading || "Without a heading"}
                {props.wrongAt(n) && <span class="wrong"> · to be mended</span>}
              </span>
            </button>
          </li>
        ))}
      </ol>
      <div class="row">
        <button type="button" disabled={place <= 0} onClick={() => onChange(moved(draft, chosen, -1))}>
          <span aria-hidden="true">↑</span> Earlier
        </button>
        <button type="button" disabled={place >= many - 1} onClick={() => onChange(moved(draft, chosen, 1))}>
          <span aria-hidden="true">↓</span> Later
        </button>
        <button
          type="button"
          disabled={many >= LIMITS.slidesMost}
          onClick={() => {
            const next = withNew(draft, chosen, drawn);
            onChange(next);
            onChoose((next.slides[place + 1] as Slide).id);
          }}
        >
          Add a slide
        </button>
        <button
          type="button"
          class="quiet"
          disabled={many <= LIMITS.slidesLeast}
          onClick={() => {
            onChange(without(draft, chosen));
            onChoose((draft.slides[place === 0 ? 1 : place - 1] as Slide).id);
          }}
        >
          Take it out
        </button>
      </div>
    </div>
  );
}

interface SlidePictureProps {
  archive: Archive | null;
  drawn: readonly string[];
  slide: Slide;
  shape: number;
}

/** A slide as it was drawn last; one that is new has no picture yet. */
export function SlidePicture({ archive, drawn, slide, shape }: SlidePictureProps) {
  const place = drawn.indexOf(slide.id);
  const { url } = usePicture(archive, archive?.entries[place]);
  return (
    <span class="picture slide-picture" style={{ "--shape": String(shape) }}>
      {url ? <img src={url} alt="" /> : place < 0 && <span class="hint">Not drawn yet</span>}
    </span>
  );
}

export function shapeOf(draft: Draft): number {
  const [width = 16, height = 9] = draft.aspect.split(":").map(Number);
  return width / height;
}
