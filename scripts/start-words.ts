import type { Language } from '@magpie/common/i18n/translator.ts';

const EN = {
  starting: 'Starting a server, Alice and Bob …',
  stopping: 'Stopping …',
  running: 'A server and two peers are running, and Alice and Bob are friends.',
  openBoth: 'Open both side by side in a browser on this machine (each link works once, within {{minutes}} minutes):',
  enter: 'Enter prints fresh links. ',
  terminal: 'Or in another terminal, in this folder:',
  freshLink: 'a fresh link',
  watch: 'what Bob receives',
  send: 'Alice writes',
  road: 'which road it takes',
  help: 'everything else',
  oneMore: 'one more person',
  passwords: 'Alice’s and Bob’s password:',
  end: 'Ctrl-C stops all and removes the folder.',
  request: 'It is me, {{who}}',
  greeting: 'Hi Bob! The badge at the top says by which road we talk 👋',
  answer: 'Hello Alice! 你好！',
  hello: 'hello, Bob',
} as const;

export type StartWord = keyof typeof EN;

const ZH_CN: Readonly<Record<StartWord, string>> = {
  starting: '正在启动服务器、Alice 和 Bob……',
  stopping: '正在停止……',
  running: '服务器和两个节点已在运行，Alice 和 Bob 已是好友。',
  openBoth: '请在本机的浏览器中并排打开这两个链接（每个链接只能用一次，{{minutes}} 分钟内有效）：',
  enter: '按回车键打印新链接。',
  terminal: '也可以在另一个终端里、在本文件夹中输入：',
  freshLink: '新的链接',
  watch: '看 Bob 收到什么',
  send: 'Alice 发消息',
  road: '看走的是哪条路',
  help: '其他命令',
  oneMore: '再加一个人',
  passwords: 'Alice 和 Bob 的密码：',
  end: '按 Ctrl-C 停止全部程序并删除文件夹。',
  request: '我是{{who}}',
  greeting: '你好，Bob！顶部的标记会显示我们走的是哪条路 👋',
  answer: '你好，Alice！Hello!',
  hello: '你好，Bob',
};

/** What `npm start` says, in the language of the terminal. */
export const START_WORDS: Readonly<Record<Language, Readonly<Record<StartWord, string>>>> = { en: EN, 'zh-CN': ZH_CN };

/** As wide as a terminal shows it: a Chinese character takes two places. */
export function padded(text: string, columns: number): string {
  const width = [...text].reduce(
    (sum, each) => sum + (/[\p{Script=Han}\u3000-\u303f\uff00-\uff60]/u.test(each) ? 2 : 1),
    0,
  );
  return text + ' '.repeat(Math.max(1, columns - width));
}
