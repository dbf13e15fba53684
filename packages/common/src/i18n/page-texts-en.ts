import base from './locales/en.json' with { type: 'json' };
import chat from './locales/page/chat.en.json' with { type: 'json' };
import design from './locales/page/design.en.json' with { type: 'json' };
import people from './locales/page/people.en.json' with { type: 'json' };
import settings from './locales/page/settings.en.json' with { type: 'json' };
import shell from './locales/page/shell.en.json' with { type: 'json' };
import signIn from './locales/page/sign-in.en.json' with { type: 'json' };

/** What the page shows: its own sentences by screen, and those that every face has (errors, refusals, states). */
export const PAGE_EN = { ...base, ...design, ...shell, ...signIn, ...people, ...chat, ...settings };
