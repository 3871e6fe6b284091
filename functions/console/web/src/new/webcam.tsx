/** Record with the camera of this machine: look, record, look at it, take it. */
import { useEffect, useRef, useState } from "preact/hooks";
import { Button } from "../ui/button.tsx";
import { Field } from "../ui/field.tsx";
import { bytes, clock } from "../words.ts";
import { kindToRecord, nameOf, refusal } from "./camera.ts";

/** A piece is handed over this often, so that a crash of the encoder loses no more. */
const PIECE_MS = 1000;
const LONGEST_S = 3600;

type Step = "asking" | "ready" | "recording" | "recorded" | "refused";

export function Webcam({ onTake, onClose }: { onTake: (file: File) => void; onClose: () => void }) {
  const [step, setStep] = useState<Step>("asking");
  const [why, setWhy] = useState("");
  const [cameras, setCameras] = useState<MediaDeviceInfo[]>([]);
  const [camera, setCamera] = useState("");
  const [seconds, setSeconds] = useState(0);
  const [file, setFile] = useState<File | null>(null);
  const preview = useRef<HTMLVideoElement>(null);
  const stream = useRef<MediaStream | null>(null);
  const recorder = useRef<MediaRecorder | null>(null);
  /** Which opening counts: an older one, or one that nobody waits for, is shut when it comes. */
  const turn = useRef(0);
  const seen = useAddress(file);

  const shut = (): void => {
    for (const track of stream.current?.getTracks() ?? []) track.stop();
    stream.current = null;
  };
  const open = async (id: string): Promise<void> => {
    shut();
    const mine = ++turn.current;
    setStep("asking");
    try {
      const video = { width: { ideal: 1280 }, height: { ideal: 720 }, ...(id ? { deviceId: { exact: id } } : {}) };
      const opened = await navigator.mediaDevices.getUserMedia({ video, audio: true }).catch((fault: unknown) => {
        // A camera without a microphone beside it records all the same.
        if ((fault as { name?: string }).name !== "NotFoundError") throw fault;
        return navigator.mediaDevices.getUserMedia({ video });
      });
      if (mine !== turn.current) {
        for (const track of opened.getTracks()) track.stop();
        return;
      }
      stream.current = opened;
      if (preview.current) preview.current.srcObject = opened;
      const found = await navigator.mediaDevices.enumerateDevices();
      setCameras(found.filter((one) => one.kind === "videoinput"));
      setStep("ready");
    } catch (fault) {
      if (mine !== turn.current) return;
      setWhy(refusal(fault));
      setStep("refused");
    }
  };

  useEffect(() => {
    void open("");
    return () => {
      turn.current += 1;
      if (recorder.current?.state === "recording") recorder.current.stop();
      shut();
    };
  }, []);

  useEffect(() => {
    if (step !== "recording") return;
    const began = performance.now();
    const timer = setInterval(() => {
      const now = (performance.now() - began) / 1000;
      setSeconds(now);
      if (now >= LONGEST_S) recorder.current?.stop();
    }, 250);
    return () => clearInterval(timer);
  }, [step]);

  const record = (): void => {
    const kind = kindToRecord((one) => MediaRecorder.isTypeSupported(one));
    if (!stream.current || !kind) {
      setWhy("This browser cannot record. Record with another program, and choose its file.");
      setStep("refused");
      return;
    }
    const pieces: Blob[] = [];
    const made = new MediaRecorder(stream.current, { mimeType: kind, videoBitsPerSecond: 4_000_000 });
    made.ondataavailable = (event) => {
      if (event.data.size) pieces.push(event.data);
    };
    made.onstop = () => {
      const type = kind.split(";")[0] ?? kind;
      setFile(new File(pieces, nameOf(kind, new Date()), { type }));
      setStep("recorded");
      shut();
    };
    recorder.current = made;
    setSeconds(0);
    made.start(PIECE_MS);
    setStep("recording");
  };

  if (step === "refused") {
    return (
      <div class="webcam">
        <p class="wrong" role="alert">
          {why}
        </p>
        <p class="row">
          <Button kind="primary" onClick={() => void open(camera)}>
            Try again
          </Button>
          <Button kind="quiet" onClick={onClose}>
            Choose a file instead
          </Button>
        </p>
      </div>
    );
  }
  return (
    <div class="webcam">
      <div class="screen">
        {file ? (
          <video key="seen" src={seen} controls playsInline aria-label="What was recorded" />
        ) : (
          <video key="live" ref={preview} autoplay muted playsInline aria-label="What the camera sees" />
        )}
        {step === "recording" && (
          <p class="rec">
            <span class="light" aria-hidden="true" /> REC <time>{clock(seconds)}</time>
          </p>
        )}
        {step === "asking" && <p class="over">Waiting for the camera; your browser may ask you.</p>}
      </div>
      {cameras.length > 1 && step === "ready" && (
        <Field label="Camera">
          {(ids) => (
            <select
              {...ids}
              value={camera}
              onChange={(event) => {
                setCamera(event.currentTarget.value);
                void open(event.currentTarget.value);
              }}
            >
              {cameras.map((one) => (
                <option key={one.deviceId} value={one.deviceId}>
                  {one.label || "Camera"}
                </option>
              ))}
            </select>
          )}
        </Field>
      )}
      <p class="row">
        {step === "recording" ? (
          <Button kind="danger" onClick={() => recorder.current?.stop()}>
            Stop
          </Button>
        ) : step === "recorded" && file ? (
          <>
            <Button kind="primary" onClick={() => onTake(file)}>
              Use this recording
            </Button>
            <Button
              onClick={() => {
                setFile(null);
                void open(camera);
              }}
            >
              Record again
            </Button>
            <span class="hint">
              {clock(seconds)}, {bytes(file.size)}
            </span>
          </>
        ) : (
          <Button kind="primary" disabled={step !== "ready"} onClick={record}>
            Start recording
          </Button>
        )}
        {step !== "recording" && (
          <Button kind="quiet" onClick={onClose}>
            Choose a file instead
          </Button>
        )}
      </p>
    </div>
  );
}

/** A blob's own address, given back when it is not shown any more. */
function useAddress(file: File | null): string {
  const [url, setUrl] = useState("");
  useEffect(() => {
    if (!file) return;
    const made = URL.createObjectURL(file);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [file]);
  return url;
}
