import chat from './locales/page/chat.zh-CN.json' with { type: 'json' };
import design from './locales/page/design.zh-CN.json' with { type: 'json' };
import people from './locales/page/people.zh-CN.json' with { type: 'json' };
import settings from './locales/page/settings.zh-CN.json' with { type: 'json' };
import shell from './locales/page/shell.zh-CN.json' with { type: 'json' };
import signIn from './locales/page/sign-in.zh-CN.json' with { type: 'json' };
import base from './locales/zh-CN.json' with { type: 'json' };

export const PAGE_ZH_CN = { ...base, ...design, ...shell, ...signIn, ...people, ...chat, ...settings };
