/** One time that a player, a chart and a list of moments share: whoever moves it moves all. */

export type Listener = (timeS: number) => void;

/** What a playhead needs of a <video>. */
export interface Playable {
  currentTime: number;
  readonly paused: boolean;
  addEventListener(event: string, listener: () => void): void;
  removeEventListener(event: string, listener: () => void): void;
}

const PLAYER_EVENTS = ["timeupdate", "seeking", "seeked", "loadedmetadata", "play", "pause"];

export class Playhead {
  private listeners = new Set<Listener>();
  private player: Playable | null = null;
  private time = 0;
  private frame = 0;

  /** Seconds from the beginning. */
  get timeS(): number {
    return this.time;
  }

  /** Follow a player; the time that was wished for before it was there goes to it. → stop. */
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

  /** `listener` is told at once and at every move. → stop. */
  listen(listener: Listener): () => void {
    this.listeners.add(listener);
    listener(this.time);
    return () => this.listeners.delete(listener);
  }

  private notify(timeS: number): void {
    this.time = timeS;
    for (const listener of this.listeners) listener(timeS);
  }

  /** `timeupdate` comes four times a second: while it plays, every painted frame asks. */
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
