export const ROADS = ['session', 'dgram', 'tcp', 'tls'] as const;
export type RoadName = (typeof ROADS)[number];

/** One way to carry messages between two processes, at its best known setting. */
export interface Road {
  /** Largest message it takes; also what a bulk transfer is cut into. */
  readonly messageBytesMax: number;
  /** Called with each whole message that arrives; the bytes are the handler's to read until it returns. */
  onMessage: (message: Uint8Array) => void;
  /** Called when `send` may work again. */
  onReady: () => void;
  /** @returns false when the road is full: the message was not taken */
  send(message: Uint8Array): boolean;
  /** Packets sent and those given up as lost so far, where the road knows packets. */
  packets(): { readonly sent: number; readonly lost: number };
  close(): void;
}

/** What one end tells the other so that a road can be opened. */
export interface RoadAddress {
  readonly port: number;
  /** Only for TLS. */
  readonly certificate?: string;
}
