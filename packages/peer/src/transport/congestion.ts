/**
 * How much may be in flight on one path. The seam for CUBIC and BBR: they get every event here and change only
 * `windowBytes`; what is counted against it stays with the Flight.
 */
export interface CongestionController {
  readonly windowBytes: number;
  onAcked(bytes: number): void;
  onLost(bytes: number): void;
  /** A loss that it was told of has been acknowledged after all. */
  onSpuriousLoss(): void;
}

export class FixedWindow implements CongestionController {
  readonly windowBytes: number;

  constructor(windowBytes: number) {
    this.windowBytes = windowBytes;
  }

  onAcked(): void {}
  onLost(): void {}
  onSpuriousLoss(): void {}
}
