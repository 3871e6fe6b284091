/** Records a video with the camera of this device. */
import { useEffect, useRef, useState } from "preact/hooks";
import { Button } from "../ui/button.tsx";
import { Field } from "../ui/field.tsx";
import { formatBytes, formatClock } from "../format.ts";
import { useUnsavedWork } from "../ui/use-unsaved-work.ts";
import { cameraErrorMessage, recordingFilename, recordingType } from "./recording-type.ts";

/** Interval of the recorder's data events: a crash loses no more than this. */
const CHUNK_MS = 1000;
const MAX_DURATION_S = 3600;

type Step = "opening" | "ready" | "recording" | "recorded" | "failed";

export function Webcam({ onUse, onClose }: { onUse: (file: File) => void; onClose: () => void }) {
  const [step, setStep] = useState<Step>("opening");
  const [message, setMessage] = useState("");
  const [cameras, setCameras] = useState<MediaDeviceInfo[]>([]);
  const [camera, setCamera] = useState("");
  const [seconds, setSeconds] = useState(0);
  const [file, setFile] = useState<File | null>(null);
  /** Width over height of the camera's picture, so that it fills its box. */
  const [aspectRatio, setAspectRatio] = useState(16 / 9);
  const previewRef = useRef<HTMLVideoElement>(null);
  const streamRef = useRef<MediaStream | null>(null);
  const recorderRef = useRef<MediaRecorder | null>(null);
  /** Counts openings: a stream that arrives after a newer opening, or after unmounting, is stopped. */
  const openCount = useRef(0);
  const fileUrl = useObjectUrl(file);
  useUnsavedWork(
    step === "recording" || step === "recorded" ? "Your recording is not saved. Leave and discard it?" : "",
  );

  const stopTracks = (): void => {
    for (const track of streamRef.current?.getTracks() ?? []) track.stop();
    streamRef.current = null;
  };
  const openCamera = async (id: string): Promise<void> => {
    stopTracks();
    const openNumber = ++openCount.current;
    setStep("opening");
    try {
      const video = { width: { ideal: 1280 }, height: { ideal: 720 }, ...(id ? { deviceId: { exact: id } } : {}) };
      const mediaStream = await navigator.mediaDevices.getUserMedia({ video, audio: true }).catch((error: unknown) => {
        // Without a microphone, video alone is recorded.
        if ((error as { name?: string }).name !== "NotFoundError") throw error;
        return navigator.mediaDevices.getUserMedia({ video });
      });
      if (openNumber !== openCount.current) {
        for (const track of mediaStream.getTracks()) track.stop();
        return;
      }
      streamRef.current = mediaStream;
      if (previewRef.current) previewRef.current.srcObject = mediaStream;
      const devices = await navigator.mediaDevices.enumerateDevices();
      setCameras(devices.filter((device) => device.kind === "videoinput"));
      setStep("ready");
    } catch (error) {
      if (openNumber !== openCount.current) return;
      setMessage(cameraErrorMessage(error));
      setStep("failed");
    }
  };

  useEffect(() => {
    void openCamera("");
    return () => {
      openCount.current += 1;
      if (recorderRef.current?.state === "recording") recorderRef.current.stop();
      stopTracks();
    };
  }, []);

  useEffect(() => {
    if (step !== "recording") return;
    const startedAt = performance.now();
    const timer = setInterval(() => {
      const elapsedS = (performance.now() - startedAt) / 1000;
      setSeconds(elapsedS);
      if (elapsedS >= MAX_DURATION_S) recorderRef.current?.stop();
    }, 250);
    return () => clearInterval(timer);
  }, [step]);

  const record = (): void => {
    const mimeType = recordingType((type) => MediaRecorder.isTypeSupported(type));
    if (!streamRef.current || !mimeType) {
      setMessage("This browser cannot record. Record with another program, and choose its file.");
      setStep("failed");
      return;
    }
    const chunks: Blob[] = [];
    const mediaRecorder = new MediaRecorder(streamRef.current, { mimeType, videoBitsPerSecond: 4_000_000 });
    mediaRecorder.ondataavailable = (event) => {
      if (event.data.size) chunks.push(event.data);
    };
    mediaRecorder.onstop = () => {
      const type = mimeType.split(";")[0] ?? mimeType;
      setFile(new File(chunks, recordingFilename(mimeType, new Date()), { type }));
      setStep("recorded");
      stopTracks();
    };
    recorderRef.current = mediaRecorder;
    setSeconds(0);
    mediaRecorder.start(CHUNK_MS);
    setStep("recording");
  };

  if (step === "failed") {
    return (
      <div class="webcam">
        <p class="error-text" role="alert">
          {message}
        </p>
        <p class="row">
          <Button kind="primary" onClick={() => void openCamera(camera)}>
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
      <div class="screen" style={{ aspectRatio: String(aspectRatio) }}>
        {file ? (
          <video key="seen" src={fileUrl} controls playsInline aria-label="What was recorded" />
        ) : (
          <video
            key="live"
            ref={previewRef}
            autoplay
            muted
            playsInline
            aria-label="What the camera sees"
            onResize={({ currentTarget: { videoWidth, videoHeight } }) => {
              if (videoWidth && videoHeight) setAspectRatio(videoWidth / videoHeight);
            }}
          />
        )}
        {step === "recording" && (
          <p class="recording-indicator">
            <span class="record-dot" aria-hidden="true" /> REC <time>{formatClock(seconds)}</time>
          </p>
        )}
        {step === "opening" && <p class="overlay">Waiting for the camera; your browser may ask you.</p>}
      </div>
      {cameras.length > 1 && step === "ready" && (
        <Field label="Camera">
          {(ids) => (
            <select
              {...ids}
              value={camera}
              onChange={(event) => {
                setCamera(event.currentTarget.value);
                void openCamera(event.currentTarget.value);
              }}
            >
              {cameras.map((device) => (
                <option key={device.deviceId} value={device.deviceId}>
                  {device.label || "Camera"}
                </option>
              ))}
            </select>
          )}
        </Field>
      )}
      <p class="row">
        {step === "recording" ? (
          <Button kind="danger" onClick={() => recorderRef.current?.stop()}>
            Stop
          </Button>
        ) : step === "recorded" && file ? (
          <>
            <Button kind="primary" onClick={() => onUse(file)}>
              Use this recording
            </Button>
            <Button
              onClick={() => {
                setFile(null);
                void openCamera(camera);
              }}
            >
              Record again
            </Button>
            <span class="hint">
              {formatClock(seconds)}, {formatBytes(file.size)}
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

/** Object URL of a file, revoked when it is no longer shown. */
function useObjectUrl(file: File | null): string {
  const [url, setUrl] = useState("");
  useEffect(() => {
    if (!file) return;
    const objectUrl = URL.createObjectURL(file);
    setUrl(objectUrl);
    return () => URL.revokeObjectURL(objectUrl);
  }, [file]);
  return url;
}
