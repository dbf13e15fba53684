import { unreachable } from '@magpie/common/assert.ts';
import { ControlOutbox } from './control-outbox.ts';
import type { FlowControl } from './flow-control.ts';
import { ResetOutbox } from './reset-outbox.ts';
import { SendStreams } from './send-streams.ts';
import type { SentContent } from './sent-packets.ts';

/** All that is to be sent reliably, and what becomes of it when its packet is acked or given up. */
export class Outgoing {
  readonly streams: SendStreams;
  readonly control = new ControlOutbox();
  readonly resets = new ResetOutbox();
  readonly flow: FlowControl;

  constructor(firstStreamId: 0 | 1, flow: FlowControl) {
    this.streams = new SendStreams(firstStreamId);
    this.flow = flow;
  }

  /** Somebody waits: chat, or the session itself. */
  get urgent(): boolean {
    return this.streams.chatPending || !this.control.empty;
  }

  /** @param onStreamDone called with each stream whose last byte this was */
  onAcked(contents: readonly SentContent[], onStreamDone: (stream: number) => void): void {
    for (const content of contents) {
      switch (content.kind) {
        case 'data':
          if (this.streams.onAcked(content.stream, content.from, content.to)) onStreamDone(content.stream);
          break;
        case 'control':
          this.control.onAcked(content.type, content.version);
          break;
        case 'reset':
          this.resets.onAcked(content.stream);
          break;
        case 'ack':
        case 'credit':
          break;
        default:
          unreachable(content);
      }
    }
  }

  /** Puts back by meaning what is still worth sending: the current credit, missing bytes, never an old ack. */
  requeue(contents: readonly SentContent[]): void {
    for (const content of contents) {
      switch (content.kind) {
        case 'data':
          this.streams.onLost(content.stream, content.from, content.to);
          break;
        case 'control':
          this.control.onLost(content.type, content.version);
          break;
        case 'reset':
          this.resets.onLost(content.stream);
          break;
        case 'credit':
          this.flow.onCreditLost();
          break;
        case 'ack':
          break;
        default:
          unreachable(content);
      }
    }
  }
}
