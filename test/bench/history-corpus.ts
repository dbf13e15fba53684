/**
 * Messages as people write them, for measuring: Chinese, English and both in one, words as frequent as in a language
 * (Zipf), the same for the same seed. Frequent characters and words are real; the long tail is made of their parts.
 */

const FREQUENT_HAN =
  '的一是我不在了人有他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可她里后小么心多天而能好都然没日于起还发成事只作当想看文无开手十用主行方又如前所本见经头面公同三已老从动两长知民样现分将外但身些与高意进把法此实回二理美点月明其种声全工己话儿者向情部正名定女问力机给等几很业最间新什打便位因重被走电四第门相次东政海口使教西再平真听世气信北少关并内加化由却代军产入先山五太水万市眼体别处总才场师书比住员九笑性通目华报立马命张活难神数件安表原车白应路期叫死常提感金何更反合放做系计或司利受光王果亲界及今京务制解各任至清物台象记边共风战干接它许八特觉望直服毛林题建南度统色字请交爱让认算论百吃义科怎元社术结六功指思非流每青管夫连远资队跟带花快条院变联权往展该领传近留红治决周保达办运武半候七必城父强步完革深区即求品士转量空甚众技轻程告江语英基派满式李息写呢识极令黄德收脸钱党倒未持取设始版双历越史商千片容研像找友孩站广改议形委早房音火际则首单据导影失拿网香似斯专石若兵弟谁校读志飞观争究包组造落视济喜离虽坏';
const FREQUENT_WORDS =
  'the be to of and a in that have it for not on with he as you do at this but his by from they we say her she or an will my one all would there their what so up out if about who get which go me when make can like time no just him know take people into year your good some could them see other than then now look only come its over think also back after use two how our work first well way even new want because any these give day most us report meeting file server update please thanks tomorrow lunch photo call project school class home train ticket price order error fixed review branch commit message phone';
const ENGLISH_PARTS =
  'con tra ver ment ing pro ber lin der mar ton ple car sel ran dis tor per gen ria nel sto mul fas che'.split(' ');

const ENGLISH_WORDS_MAX = 20_000;
const HAN_WORDS_MAX = 30_000;
const RARE_HAN_FROM = 0x4e00;
const RARE_HAN_COUNT = 3_000;

export class Corpus {
  #state: number;
  readonly #english: readonly string[];
  readonly #han: readonly string[];
  readonly #englishRanks = zipf(ENGLISH_WORDS_MAX);
  readonly #hanRanks = zipf(HAN_WORDS_MAX);

  constructor(seed: number) {
    this.#state = seed >>> 0 || 1;
    const frequent = FREQUENT_WORDS.split(' ');
    this.#english = Array.from({ length: ENGLISH_WORDS_MAX }, (_, rank) => frequent[rank] ?? this.#madeWord());
    this.#han = Array.from({ length: HAN_WORDS_MAX }, (_, rank) => this.#hanWord(rank));
  }

  /** Uniform in [0, 1); xorshift32, as speed matters more than quality here. */
  chance(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x >>> 0;
    return this.#state / 2 ** 32;
  }

  below(count: number): number {
    return Math.floor(this.chance() * count);
  }

  /** One message: some words, seldom many. */
  message(): string {
    const words = 2 + Math.floor(22 * this.chance() ** 2);
    const kind = this.chance();
    if (kind < 0.5) return this.#chinese(words);
    if (kind < 0.8) return this.#englishOf(words);
    return `${this.#chinese(Math.ceil(words / 2))} ${this.#englishOf(Math.ceil(words / 4))}`;
  }

  #chinese(words: number): string {
    let text = '';
    for (let n = 1; n <= words; n++) {
      text += ranked(this.#han, this.#hanRanks, this.chance());
      if (n % 7 === 0 && n < words) text += '，';
    }
    return text;
  }

  #englishOf(words: number): string {
    return Array.from({ length: words }, () => ranked(this.#english, this.#englishRanks, this.chance())).join(' ');
  }

  #hanWord(rank: number): string {
    if (rank < 120) return FREQUENT_HAN[rank] ?? '的';
    const length = this.chance() < 0.75 ? 2 : 3;
    return Array.from({ length }, () => this.#hanCharacter()).join('');
  }

  #hanCharacter(): string {
    if (this.chance() < 0.9) return FREQUENT_HAN[this.below(FREQUENT_HAN.length)] ?? '的';
    return String.fromCodePoint(RARE_HAN_FROM + this.below(RARE_HAN_COUNT));
  }

  #madeWord(): string {
    const parts = 2 + this.below(3);
    return Array.from({ length: parts }, () => ENGLISH_PARTS[this.below(ENGLISH_PARTS.length)]).join('');
  }
}

/** Cumulative shares of ranks, each rank n as frequent as 1/n. */
function zipf(count: number): Float64Array {
  const shares = new Float64Array(count);
  let sum = 0;
  for (let rank = 0; rank < count; rank++) {
    sum += 1 / (rank + 1);
    shares[rank] = sum;
  }
  return shares.map((share) => share / sum);
}

function ranked(words: readonly string[], shares: Float64Array, chance: number): string {
  let low = 0;
  let high = shares.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (shares[middle]! < chance) low = middle + 1;
    else high = middle;
  }
  return words[low] ?? '';
}
