/** The current time, shared by player, chart and list of moments. */

export type Listener = (timeS: number) => void;

/** The part of HTMLVideoElement that a playhead uses. */
export interface Playable {
  currentTime: number;
  readonly paused: boolean;
  play(): unknown;
  pause(): void;
  addEventListener(event: string, listener: () => void): void;
  removeEventListener(event: string, listener: () => void): void;
}

const PLAYER_EVENTS = ["timeupdate", "seeking", "seeked", "loadedmetadata", "play", "pause"];

export class Playhead {
  private listeners = new Set<Listener>();
  private player: Playable | null = null;
  private time: number;
  private frame = 0;

  /** `timeS` is where playback starts. */
  constructor(timeS = 0) {
    this.time = timeS;
  }

  /** Current time in seconds. */
  get timeS(): number {
    return this.time;
  }

  /** Follows a player, which seeks to the current time. Returns a function that detaches it. */
  attach(player: Playable): () => void {
    this.player = player;
    if (this.time) player.currentTime = this.time;
    const onPlayerEvent = () => {
      this.notify(player.currentTime);
      this.followPlayback();
    };
    for (const event of PLAYER_EVENTS) player.addEventListener(event, onPlayerEvent);
    return () => {
      for (const event of PLAYER_EVENTS) player.removeEventListener(event, onPlayerEvent);
      cancelAnimationFrame(this.frame);
      if (this.player === player) this.player = null;
    };
  }

  seek(timeS: number): void {
    if (this.player) this.player.currentTime = timeS;
    this.notify(timeS);
  }

  /** Plays a player that is paused, and pauses one that plays. */
  toggle(): void {
    if (this.player?.paused) void this.player.play();
    else this.player?.pause();
  }

  /** Calls `listener` now and at every change. Returns a function that removes it. */
  listen(listener: Listener): () => void {
    this.listeners.add(listener);
    listener(this.time);
    return () => this.listeners.delete(listener);
  }

  private notify(timeS: number): void {
    this.time = timeS;
    for (const listener of this.listeners) listener(timeS);
  }

  /** `timeupdate` fires four times a second; while playing, the time is read in every animation frame. */
  private followPlayback(): void {
    cancelAnimationFrame(this.frame);
    const player = this.player;
    if (!player || player.paused) return;
    this.frame = requestAnimationFrame(() => {
      this.notify(player.currentTime);
      this.followPlayback();
    });
  }
}
