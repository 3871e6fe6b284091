import { useState } from "preact/hooks";
import { Button } from "./button.tsx";
import { errorMessage } from "../format.ts";

/** Button that appends the next page of a list. */
export function LoadMore({
  hasMore,
  loadMore,
  error,
  label,
}: {
  hasMore: boolean;
  loadMore: () => Promise<void>;
  error: unknown;
  label: string;
}) {
  const [busyLabel, setBusyLabel] = useState("");
  const load = async (): Promise<void> => {
    setBusyLabel("Getting them …");
    await loadMore();
    setBusyLabel("");
  };
  return (
    <>
      {Boolean(error) && (
        <p class="error-text" role="alert">
          {errorMessage(error)}
        </p>
      )}
      {hasMore && (
        <p>
          <Button busyLabel={busyLabel} onClick={() => void load()}>
            {label}
          </Button>
        </p>
      )}
    </>
  );
}
