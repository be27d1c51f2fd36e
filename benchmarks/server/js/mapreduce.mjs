// mapreduce.mjs: counts the words of texts with asynchronous functions and channels; see ../rima/mapreduce.rima.
import { run } from "../../classic/js/harness.mjs";
import { Random } from "../../classic/js/som.mjs";

const mappers = 4;
const reducers = 3;
const modulus = 1000003;

/** What is sent waits for whoever receives, up to `capacity` at a time; senders wait for room. */
class Channel {
  constructor(capacity) {
    this.capacity = capacity;
    this.values = [];
    this.receivers = [];
    this.senders = [];
    this.isClosed = false;
  }

  async send(value) {
    while (this.values.length === this.capacity) await new Promise((wake) => this.senders.push(wake));
    this.values.push(value);
    this.receivers.shift()?.();
  }

  close() {
    this.isClosed = true;
    for (const wake of this.receivers) wake();
  }

  async *[Symbol.asyncIterator]() {
    while (true) {
      while (this.values.length === 0) {
        if (this.isClosed) return;
        await new Promise((wake) => this.receivers.push(wake));
      }
      const value = this.values.shift();
      this.senders.shift()?.();
      yield value;
    }
  }
}

function hashOf(word) {
  let hash = 7;
  for (let i = 0; i < word.length; i++) hash = (hash * 31 + word.charCodeAt(i)) % modulus;
  return hash;
}

/** How often each word occurs, for each reducer the words that are its own. */
function count(text) {
  const counts = Array.from({ length: reducers }, () => new Map());
  for (const word of text.split(" ")) {
    const own = counts[hashOf(word) % reducers];
    own.set(word, (own.get(word) ?? 0) + 1);
  }
  return counts;
}

async function map(texts, jobs, counted) {
  for await (const job of jobs) {
    const counts = count(texts[job]);
    for (let i = 0; i < reducers; i++) await counted[i].send(counts[i]);
  }
}

/** What a reducer found: how many words, how many different ones, and a sum in which order does not count. */
async function reduce(counted) {
  const all = new Map();
  for await (const counts of counted) {
    for (const [word, count] of counts) all.set(word, (all.get(word) ?? 0) + count);
  }
  let words = 0;
  let sum = 0;
  for (const [word, count] of all) {
    words += count;
    sum = (sum + hashOf(word) * count) % modulus;
  }
  return { words, distinct: all.size, sum };
}

async function isRight(texts) {
  const jobs = new Channel(4);
  const counted = Array.from({ length: reducers }, () => new Channel(4));
  const totals = counted.map(reduce);
  const workers = Array.from({ length: mappers }, () => map(texts, jobs, counted));
  for (let i = 0; i < texts.length; i++) await jobs.send(i);
  jobs.close();
  await Promise.all(workers);
  for (const channel of counted) channel.close();
  let words = 0;
  let distinct = 0;
  let sum = 0;
  for (const total of await Promise.all(totals)) {
    words += total.words;
    distinct += total.distinct;
    sum = (sum + total.sum) % modulus;
  }
  return words === 12800 && distinct === 1000 && sum === 578916;
}

const syllables = ["ba", "de", "fi", "go", "ku", "la", "me", "ni", "po", "ru"];

/** Texts of made-up words, of which few are frequent. */
function makeTexts(count) {
  const random = new Random();
  const texts = [];
  for (let i = 0; i < count; i++) {
    const words = [];
    for (let j = 0; j < 200; j++) {
      const r = random.next() / 65536.0;
      const rank = Math.floor(1000.0 * r * r);
      words.push(syllables[rank % 10] + syllables[Math.floor(rank / 10) % 10] + syllables[Math.floor(rank / 100)]);
    }
    texts.push(words.join(" "));
  }
  return texts;
}

const texts = makeTexts(64);
run(5, async (repeats) => {
  for (let i = 0; i < repeats; i++) {
    if (!(await isRight(texts))) return false;
  }
  return true;
});
