import { useState } from "preact/hooks";
import { Button } from "../ui/button.tsx";
import { sentence } from "../words.ts";

/** The next page of a list, appended on demand. */
export function More({
  more,
  next,
  wrong,
  words,
}: {
  more: boolean;
  next: () => Promise<void>;
  wrong: unknown;
  words: string;
}) {
  const [busy, setBusy] = useState("");
  const go = async (): Promise<void> => {
    setBusy("Getting them …");
    await next();
    setBusy("");
  };
  return (
    <>
      {Boolean(wrong) && (
        <p class="wrong" role="alert">
          {sentence(wrong)}
        </p>
      )}
      {more && (
        <p>
          <Button busy={busy} onClick={() => void go()}>
            {words}
          </Button>
        </p>
      )}
    </>
  );
}
