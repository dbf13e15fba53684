import type { Migration } from './migration.ts';

/** Whether the two of a row were friends at some time; of a row that is removed already that is taken for granted. */
export const befriended: Migration = {
  version: 2,
  apply: (db) => {
    db.exec(`
      ALTER TABLE roster ADD COLUMN befriended INTEGER NOT NULL DEFAULT 0 CHECK (befriended IN (0, 1));
      UPDATE roster SET befriended = 1 WHERE state IN ('member', 'removed');
    `);
  },
};
