import type { Engine } from './engine.ts';
import { MagpieEngine } from './magpie-engine.ts';
import type { EngineOptions, EnginePorts } from './ports.ts';

/** The one factory of a peer: the program and the simulator differ only in the ports they give it. */
export function createEngine(ports: EnginePorts, options: EngineOptions): Engine {
  return new MagpieEngine(ports, options);
}
