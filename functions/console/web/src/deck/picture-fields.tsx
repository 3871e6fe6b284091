/** The picture of a slide: which one, a new one, what it shows, and what stays in view. */
import { useEffect, useRef, useState } from "preact/hooks";
import { errorMessage } from "../format.ts";
import { Button } from "../ui/button.tsx";
import { Field } from "../ui/field.tsx";
import { toast } from "../ui/toast.tsx";
import { PICTURE_TYPES, addPicture } from "./add-picture.ts";
import { type PictureSources, type Slide, FOCUS_POINTS, focusName, pictureLabel } from "./draft.ts";

interface PictureFieldsProps {
  jobId: string;
  slide: Slide;
  pictures: readonly string[];
  pictureSources: PictureSources;
  errorOf: (field: string) => string | undefined;
  onChange: (changes: Partial<Slide>) => void;
  /** A picture was uploaded for the slide with this id, maybe while another one is selected. */
  onAdded: (slideId: string, picture: string, filename: string) => void;
}

const ACCEPT = [...PICTURE_TYPES, ".heic", ".heif"].join(",");

export function PictureFields(props: PictureFieldsProps) {
  const { slide, pictureSources, errorOf, onChange } = props;
  // A picture in use stays selectable, even if the job lists it no more.
  const choices =
    slide.picture && !props.pictures.includes(slide.picture) ? [...props.pictures, slide.picture] : props.pictures;
  return (
    <fieldset class="picture-fields">
      <legend>Picture</legend>
      <div class="field-pair">
        <Field label="Shown" error={errorOf("picture")}>
          {(ids) => (
            <select
              {...ids}
              value={slide.picture ?? ""}
              onChange={(event) => onChange({ picture: event.currentTarget.value || null, focus: null, alt: "" })}
            >
              <option value="">None</option>
              {choices.map((picture) => (
                <option key={picture} value={picture}>
                  {pictureLabel(picture, pictureSources)}
                </option>
              ))}
            </select>
          )}
        </Field>
        {slide.picture && (
          <Field label="In view" hint="Where the picture is cropped." error={errorOf("focus")}>
            {(ids) => (
              <select
                {...ids}
                value={focusName(slide.focus)}
                onChange={(event) => onChange({ focus: FOCUS_POINTS.get(event.currentTarget.value) ?? null })}
              >
                <option value="">A face, or the middle</option>
                {[...FOCUS_POINTS.keys()].map((name) => (
                  <option key={name} value={name}>
                    {name}
                  </option>
                ))}
                {focusName(slide.focus) === "Another point" && <option value="Another point">Another point</option>}
              </select>
            )}
          </Field>
        )}
      </div>
      {slide.picture && (
        <Field label="What it shows" hint="For those who do not see it, in documents." error={errorOf("alt")}>
          {(ids) => (
            <input
              {...ids}
              value={slide.alt}
              maxLength={250}
              onInput={(event) => onChange({ alt: event.currentTarget.value })}
            />
          )}
        </Field>
      )}
      <AddPicture {...props} />
    </fieldset>
  );
}

function AddPicture({ jobId, slide, onAdded }: PictureFieldsProps) {
  const input = useRef<HTMLInputElement>(null);
  const [busyLabel, setBusyLabel] = useState("");
  const [error, setError] = useState("");
  const isShown = useRef(true);
  useEffect(
    () => () => {
      isShown.current = false;
    },
    [],
  );
  const add = async (file: File): Promise<void> => {
    setError("");
    setBusyLabel("Uploading …");
    try {
      const picture = await addPicture(jobId, file, (share) => setBusyLabel(`Uploading … ${Math.floor(share * 100)} %`));
      onAdded(slide.id, picture, file.name);
    } catch (error) {
      if (isShown.current) setError(errorMessage(error));
      // Another slide is selected by now.
      else toast(`${file.name}: ${errorMessage(error)}`, true);
    } finally {
      setBusyLabel("");
    }
  };
  return (
    <div
      class="add-picture"
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        const file = event.dataTransfer?.files[0];
        if (file && !busyLabel) void add(file);
      }}
    >
      <input
        ref={input}
        type="file"
        accept={ACCEPT}
        hidden
        aria-label="A picture to add"
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          // The same file can be chosen again after an error.
          event.currentTarget.value = "";
          if (file) void add(file);
        }}
      />
      <Button busyLabel={busyLabel} onClick={() => input.current?.click()}>
        Add a picture
      </Button>
      <span class="hint">Or drop one here. JPEG, PNG, WebP or HEIC, up to 40 MB.</span>
      {error && (
        <p class="error-text" role="alert">
          {error}
        </p>
      )}
    </div>
  );
}
