import { useEffect, useState } from "preact/hooks";
import { ask, get, newKey, post } from "../api.ts";
import { More } from "../account/more.tsx";
import type { Pages } from "../account/use-query.ts";
import { navigate } from "../location.ts";
import { Button } from "../ui/button.tsx";
import { Box } from "../ui/panel.tsx";
import { Confirm } from "../ui/confirm.tsx";
import { FormEnd } from "../ui/form-end.tsx";
import { Waiting } from "../ui/progress.tsx";
import { useDeed, useSending } from "../ui/use-submit.ts";
import { toast } from "../ui/toast.tsx";
import { Unread } from "../ui/load-error.tsx";
import { ago, sentence } from "../words.ts";
import { ChoiceForm } from "./choice-form.tsx";
import { type Choice, NOTHING, wished } from "./choice.ts";
import { type Recording, running } from "./model.ts";
import { clipWords, recordingSaid, remarks } from "./words.ts";

type Wish = "play" | "job" | "delete";

export function Recordings({ list, names }: { list: Pages<Recording>; names: ReadonlyMap<string, string> }) {
  const [wish, setWish] = useState<{ what: Wish; one: Recording } | null>(null);
  const { rows, more, wrong, next, again } = list;
  const close = (): void => setWish(null);
  if (!rows) return wrong ? <Unread fault={wrong} again={again} /> : <Waiting words="Getting your recordings …" />;
  if (!rows.length)
    return (
      <p class="empty">
        Nothing is recorded yet. Press Record at a camera; what it saw is a clip here when you stop, and goes on into a recipe
        if you chose one.
      </p>
    );
  return (
    <>
      <ul class="rows recordings">
        {rows.map((one) => (
          <Row key={one.id} one={one} camera={names.get(one.camera)} onWish={(what) => setWish({ what, one })} again={again} />
        ))}
      </ul>
      <More more={more} next={next} wrong={wrong} words="Older recordings" />
      {wish?.what === "play" && <Playing one={wish.one} onClose={close} />}
      {wish?.what === "job" && <Making one={wish.one} onClose={close} />}
      {wish?.what === "delete" && <Deleting one={wish.one} again={again} onClose={close} />}
    </>
  );
}

function Row({
  one,
  camera,
  onWish,
  again,
}: {
  one: Recording;
  camera: string | undefined;
  onWish: (what: Wish) => void;
  again: () => Promise<void>;
}) {
  const [busy, setBusy] = useState("");
  const { words, tone } = recordingSaid(one);
  const act = async (says: string, what: () => Promise<void>): Promise<void> => {
    setBusy(says);
    try {
      await what();
    } catch (fault) {
      toast(sentence(fault), true);
    }
    setBusy("");
  };
  const save = (): Promise<void> =>
    act("Getting it …", async () => {
      const { url, filename } = await clipLink(one, true);
      const anchor = document.createElement("a");
      anchor.href = url;
      anchor.download = filename;
      anchor.click();
    });
  const stop = (): Promise<void> =>
    act("Stopping …", async () => {
      await post(`/v1/recordings/${one.id}/stop`);
      await again();
    });
  return (
    <li class="tall">
      <div class="row between">
        <strong>{one.title}</strong>
        {one.state !== "done" && <span class={`badge ${tone}`}>{words}</span>}
      </div>
      <p class="hint">
        {[clipWords(one), camera && camera !== one.title ? camera : "", ago(new Date(one.created_at), new Date())]
          .filter(Boolean)
          .join(" · ")}
        {one.job && (
          <>
            {" · "}
            <a href={`/jobs/${one.job}`}>its job</a>
          </>
        )}
      </p>
      {one.error && <p class="wrong">{one.error.message}</p>}
      {remarks(one).map((words) => (
        <p key={words} class="hint">
          {words}
        </p>
      ))}
      <div class="row">
        {running(one) && one.state !== "stopping" && one.state !== "joining" && (
          <Button busy={busy} onClick={() => void stop()}>
            Stop
          </Button>
        )}
        {one.clip && (
          <>
            <Button onClick={() => onWish("play")}>Play</Button>
            <Button busy={busy} onClick={() => void save()}>
              Download
            </Button>
            <Button onClick={() => onWish("job")}>Make a job of it</Button>
          </>
        )}
        <Button kind="quiet" onClick={() => onWish("delete")}>
          Delete
        </Button>
      </div>
    </li>
  );
}

function Playing({ one, onClose }: { one: Recording; onClose: () => void }) {
  const [url, setUrl] = useState("");
  const [wrong, setWrong] = useState<unknown>(null);
  const load = async (): Promise<void> => {
    setWrong(null);
    try {
      setUrl((await clipLink(one, false)).url);
    } catch (fault) {
      setWrong(fault);
    }
  };
  useEffect(() => void load(), [one.id]);
  const { width, height } = one.clip ?? {};
  return (
    <Box title={one.title} wide onClose={onClose}>
      {wrong !== null && <Unread fault={wrong} again={load} />}
      <video
        class="clip"
        controls
        autoPlay
        playsInline
        src={url || undefined}
        width={width ?? undefined}
        height={height ?? undefined}
        onError={() => url && setWrong(new Error("This browser cannot play the clip. Download it."))}
      />
    </Box>
  );
}

function Making({ one, onClose }: { one: Recording; onClose: () => void }) {
  const [choice, setChoice] = useState<Choice>({ ...NOTHING, recipe: "emotions" });
  const [key] = useState(newKey);
  const sending = useSending();
  const make = (event: Event): void => {
    event.preventDefault();
    void sending.send("Beginning it …", async () => {
      const body = { title: one.title, from: one.id, ...wished(choice) };
      const { data } = await post<{ job: { id: string } }>("/v1/jobs", body, { key });
      navigate(`/jobs/${data.job.id}`);
    });
  };
  return (
    <Box title={`Make a job of ${one.title}`} onClose={onClose}>
      <form class="stack" onSubmit={make}>
        <ChoiceForm value={choice} onChange={setChoice} without wrong={sending.fields} />
        <FormEnd deed="Begin the job" sending={sending} onClose={onClose} />
      </form>
    </Box>
  );
}

function Deleting({ one, again, onClose }: { one: Recording; again: () => Promise<void>; onClose: () => void }) {
  const { busy, send } = useDeed();
  const remove = (): Promise<void> =>
    send("Deleting it …", async () => {
      await ask("DELETE", `/v1/recordings/${one.id}`);
      await again();
      onClose();
      toast(`“${one.title}” is deleted.`);
    });
  return (
    <Confirm title="Delete this recording?" deed="Delete it" busy={busy} onDeed={remove} onClose={onClose}>
      {running(one)
        ? `“${one.title}” ends now, without a clip.`
        : `“${one.title}” goes with its clip. A job that was made of it stays.`}{" "}
      Nobody can bring it back.
    </Confirm>
  );
}

async function clipLink(one: Recording, saved: boolean): Promise<{ url: string; filename: string }> {
  const query = saved ? "?disposition=attachment" : "";
  return (await get<{ url: string; filename: string }>(`/v1/recordings/${one.id}/clip/link${query}`)).data;
}
