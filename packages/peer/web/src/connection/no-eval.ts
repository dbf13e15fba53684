import * as z from 'zod';

/** Imported before any schema is made: zod else tries whether it may evaluate code, and the content policy reports that. */
z.config({ jitless: true });
