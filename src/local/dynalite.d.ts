/** dynalite 4.0.0 has no types of its own; this is what is used of it. */
declare module 'dynalite' {
  import type { Server } from 'node:http';

  export interface DynaliteOptions {
    /** The LevelDB folder; absent means memory. */
    path?: string;
    /** How long a table stays CREATING, DELETING, UPDATING. */
    createTableMs?: number;
    deleteTableMs?: number;
    updateTableMs?: number;
  }

  /** Makes the server, not yet listening; its `close` closes the database too. */
  export default function dynalite(options: DynaliteOptions): Server;
}
