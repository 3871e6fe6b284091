/** Runs one asynchronous action at a time, with a label while it runs. */
import { useRef, useState } from "preact/hooks";
import { Problem } from "../api.ts";
import { errorMessage } from "../format.ts";
import { toast } from "./toast.tsx";

export interface Submission {
  /** Label while running; empty when idle. */
  busyLabel: string;
  error: unknown;
  /** Error messages by field name. */
  fieldErrors: Readonly<Record<string, string>>;
  /** Runs an action, unless one is running. `error` stays until the next run. */
  run: (label: string, action: () => Promise<unknown>) => Promise<void>;
}

/** For forms, which show the error themselves. */
export function useSubmit(): Submission {
  const [busyLabel, setBusyLabel] = useState("");
  const [error, setError] = useState<unknown>(null);
  const pending = useRef(false);
  const run = async (label: string, action: () => Promise<unknown>): Promise<void> => {
    if (pending.current) return;
    pending.current = true;
    setBusyLabel(label);
    setError(null);
    try {
      await action();
    } catch (error) {
      setError(error);
    }
    pending.current = false;
    setBusyLabel("");
  };
  return { busyLabel, error, fieldErrors: error instanceof Problem ? error.fieldErrors : {}, run };
}

/** For buttons: errors are shown as toasts. */
export function useAction(): Pick<Submission, "busyLabel" | "run"> {
  const { busyLabel, run: submit } = useSubmit();
  return {
    busyLabel,
    run: (label, action) =>
      submit(label, async () => {
        try {
          await action();
        } catch (error) {
          toast(errorMessage(error), true);
        }
      }),
  };
}
