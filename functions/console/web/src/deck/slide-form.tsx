/** One slide: what stands on it, what is spoken over it, and how it is written anew. */
import { useEffect, useState } from "preact/hooks";
import { Button } from "../ui/button.tsx";
import { Field } from "../ui/field.tsx";
import { LAYOUTS, LIMITS, type Pictured, type Slide, pictureName, spokenS } from "./editing.ts";

export interface SlideFormProps {
  slide: Slide;
  pictures: readonly string[];
  /** What is known of these. */
  pictured: Pictured;
  speed: number;
  /** What is wrong with a field of this slide. */
  wrong: (field: string) => string | undefined;
  onChange: (change: Partial<Slide>) => void;
}

const LAYOUT_NAMES: Record<string, string> = {
  title: "Title",
  bullets: "Points",
  picture: "Picture",
  statement: "Statement",
  chart: "Chart",
  closing: "Closing",
};

export function SlideForm({ slide, pictures, pictured, speed, wrong, onChange }: SlideFormProps) {
  // A picture that the deck shows may stay, also where the job tells of it no more.
  const choices = slide.picture && !pictures.includes(slide.picture) ? [...pictures, slide.picture] : pictures;
  const said = spokenS(slide.notes, speed);
  return (
    <div class="slide-form">
      <Field label="Heading" wrong={wrong("heading")}>
        {(ids) => (
          <input
            {...ids}
            value={slide.heading}
            maxLength={LIMITS.headingChars}
            onInput={(event) => onChange({ heading: event.currentTarget.value })}
          />
        )}
      </Field>
      <Field label="Points" hint={`One a line, up to ${LIMITS.bulletsMost}.`} wrong={wrong("bullets")}>
        {(ids) => (
          <textarea
            {...ids}
            rows={4}
            value={slide.bullets.join("\n")}
            onInput={(event) => onChange({ bullets: event.currentTarget.value.split("\n") })}
          />
        )}
      </Field>
      <Field
        label="Spoken"
        hint={slide.notes.trim() ? `About ${Math.max(1, Math.round(said))} s of speech.` : "Nothing is said: the slide is shown for four seconds."}
        wrong={wrong("notes")}
      >
        {(ids) => (
          <textarea
            {...ids}
            rows={6}
            value={slide.notes}
            onInput={(event) => onChange({ notes: event.currentTarget.value })}
          />
        )}
      </Field>
      <div class="pair">
        <Field label="Layout">
          {(ids) => (
            <select {...ids} value={slide.layout} onChange={(event) => onChange({ layout: event.currentTarget.value })}>
              {LAYOUTS.map((name) => (
                <option key={name} value={name}>
                  {LAYOUT_NAMES[name]}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Field label="Picture" wrong={wrong("picture")}>
          {(ids) => (
            <select
              {...ids}
              value={slide.picture ?? ""}
              onChange={(event) => onChange({ picture: event.currentTarget.value || null })}
            >
              <option value="">None</option>
              {choices.map((one) => (
                <option key={one} value={one}>
                  {pictureName(one, pictured)}
                </option>
              ))}
            </select>
          )}
        </Field>
      </div>
    </div>
  );
}

interface RewriteProps {
  slide: Slide;
  /** Why it cannot be asked for now; "" when it can. */
  obstacle: string;
  busy: string;
  onWish: (wish: string) => void;
}

const WISH_CHARS = 1000;

export function Rewrite({ slide, obstacle, busy, onWish }: RewriteProps) {
  const [wish, setWish] = useState("");
  useEffect(() => setWish(""), [slide.id]);
  return (
    <form
      class="rewrite"
      onSubmit={(event) => {
        event.preventDefault();
        onWish(wish.trim());
      }}
    >
      <Field label="Have this slide written anew" hint={obstacle || "Say how, or leave it empty for “differently”."}>
        {(ids) => (
          <input
            {...ids}
            value={wish}
            maxLength={WISH_CHARS}
            placeholder="Shorter, with an example"
            onInput={(event) => setWish(event.currentTarget.value)}
          />
        )}
      </Field>
      <Button type="submit" busy={busy} disabled={Boolean(obstacle)}>
        Write it anew
      </Button>
    </form>
  );
}
