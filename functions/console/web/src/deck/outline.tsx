/** The list of slides: select, move, add and remove. */
import { type Archive, usePicture } from "../frames/use-archive.ts";
import { LIMITS } from "../contract.ts";
import { type Draft, type Slide, addSlide, moveSlide, removeSlide } from "./draft.ts";

export interface OutlineProps {
  draft: Draft;
  /** The rendered slides, in the order of `renderedIds`. */
  archive: Archive | null;
  renderedIds: readonly string[];
  selectedId: string;
  /** Whether the slide at this index has errors. */
  hasErrorAt: (index: number) => boolean;
  onSelect: (id: string) => void;
  onChange: (draft: Draft) => void;
}

export function Outline(props: OutlineProps) {
  const { draft, renderedIds, selectedId, onSelect, onChange } = props;
  const index = draft.slides.findIndex((slide) => slide.id === selectedId);
  const slideCount = draft.slides.length;
  return (
    <div class="outline">
      <ol aria-label="Slides">
        {draft.slides.map((slide, position) => (
          <li key={slide.id}>
            <button
              type="button"
              class="quiet"
              aria-current={slide.id === selectedId ? "true" : undefined}
              onClick={() => onSelect(slide.id)}
            >
              <span class="number">{position + 1}</span>
              <SlidePicture
                archive={props.archive}
                renderedIds={renderedIds}
                slide={slide}
                aspectRatio={aspectRatioOf(draft)}
              />
              <span class="heading">
                {slide.heading || "Without a heading"}
                {props.hasErrorAt(position) && <span class="error-text"> · to be mended</span>}
              </span>
            </button>
          </li>
        ))}
      </ol>
      <div class="row">
        <button type="button" disabled={index <= 0} onClick={() => onChange(moveSlide(draft, selectedId, -1))}>
          <span aria-hidden="true">↑</span> Earlier
        </button>
        <button
          type="button"
          disabled={index >= slideCount - 1}
          onClick={() => onChange(moveSlide(draft, selectedId, 1))}
        >
          <span aria-hidden="true">↓</span> Later
        </button>
        <button
          type="button"
          disabled={slideCount >= LIMITS.deck.maxSlides}
          onClick={() => {
            const next = addSlide(draft, selectedId, renderedIds);
            onChange(next);
            onSelect((next.slides[index + 1] as Slide).id);
          }}
        >
          Add a slide
        </button>
        <button
          type="button"
          class="quiet"
          disabled={slideCount <= LIMITS.deck.minSlides}
          onClick={() => {
            onChange(removeSlide(draft, selectedId));
            onSelect((draft.slides[index === 0 ? 1 : index - 1] as Slide).id);
          }}
        >
          Delete
        </button>
      </div>
    </div>
  );
}

interface SlidePictureProps {
  archive: Archive | null;
  renderedIds: readonly string[];
  slide: Slide;
  aspectRatio: number;
}

/** The last rendering of a slide; a new slide has none. */
export function SlidePicture({ archive, renderedIds, slide, aspectRatio }: SlidePictureProps) {
  const index = renderedIds.indexOf(slide.id);
  const { url } = usePicture(archive, archive?.entries[index]);
  return (
    <span class="picture slide-picture" style={{ "--aspect-ratio": String(aspectRatio) }}>
      {url ? <img src={url} alt="" /> : index < 0 && <span class="hint">Not drawn yet</span>}
    </span>
  );
}

export function aspectRatioOf(draft: Draft): number {
  const [width = 16, height = 9] = draft.aspect.split(":").map(Number);
  return width / height;
}
