// search.mjs: indexes documents by their words and ranks what answers a question; see ../rima/search.rima.
import { run } from "../../classic/js/harness.mjs";
import { Random } from "../../classic/js/som.mjs";

/** Where a word stands: the documents in ascending order, and for each the places within it. */
class Postings {
  constructor() {
    this.documents = [];
    this.places = [];
  }

  add(document, place) {
    const { documents, places } = this;
    if (documents.length === 0 || documents[documents.length - 1] !== document) {
      documents.push(document);
      places.push([]);
    }
    places[places.length - 1].push(place);
  }
}

/** The best hits, the best first; of equals the earlier document. */
class Ranking {
  constructor(most) {
    this.most = most;
    this.hits = [];
  }

  offer(document, score) {
    const { hits, most } = this;
    let at = hits.length;
    while (at > 0 && hits[at - 1].score < score) at--;
    if (at === most) return;
    if (hits.length === most) hits.pop();
    hits.splice(at, 0, { document, score });
  }
}

const none = new Postings();

class Index {
  constructor() {
    this.postings = new Map();
    this.lengths = [];
    this.total = 0;
  }

  add(text) {
    const document = this.lengths.length;
    let place = 0;
    let at = 0;
    while (at < text.length) {
      const start = at;
      while (at < text.length && isLetter(text.charCodeAt(at))) at++;
      if (at > start) {
        this.get(stemOf(text.slice(start, at))).add(document, place);
        place++;
      } else {
        at++;
      }
    }
    this.lengths.push(place);
    this.total += place;
  }

  /** The postings of a stem, added if there are none. */
  get(stem) {
    let found = this.postings.get(stem);
    if (found === undefined) {
      found = new Postings();
      this.postings.set(stem, found);
    }
    return found;
  }

  find(word) {
    return this.postings.get(stemOf(word)) ?? none;
  }

  /** How much it says that a document has a word so many times. */
  weight(postings, document, times) {
    const holders = postings.documents.length;
    const rarity = (this.lengths.length - holders + 0.5) / (holders + 0.5);
    const length = (this.lengths[document] * this.lengths.length) / this.total;
    return (rarity * times * 2.2) / (times + 0.3 + 0.9 * length);
  }

  any(words) {
    const scores = new Float64Array(this.lengths.length);
    for (const word of words) {
      const found = this.find(word);
      for (let i = 0; i < found.documents.length; i++) {
        const document = found.documents[i];
        scores[document] += this.weight(found, document, found.places[i].length);
      }
    }
    const ranking = new Ranking(10);
    for (let document = 0; document < scores.length; document++) {
      if (scores[document] > 0.0) ranking.offer(document, scores[document]);
    }
    return ranking;
  }

  /** The documents with both words; where `isPhrase`, with one right behind the other. */
  both(first, second, isPhrase) {
    const ranking = new Ranking(10);
    const left = this.find(first);
    const right = this.find(second);
    let i = 0;
    let j = 0;
    while (i < left.documents.length && j < right.documents.length) {
      const document = left.documents[i];
      if (document < right.documents[j]) {
        i++;
      } else if (document > right.documents[j]) {
        j++;
      } else {
        const times = isPhrase ? following(left.places[i], right.places[j]) : left.places[i].length;
        if (times > 0) {
          const other = this.weight(right, document, right.places[j].length);
          ranking.offer(document, this.weight(left, document, times) + other);
        }
        i++;
        j++;
      }
    }
    return ranking;
  }
}

/** How many places have the one behind them in the other list. */
function following(left, right) {
  let count = 0;
  let i = 0;
  let j = 0;
  while (i < left.length && j < right.length) {
    if (left[i] + 1 === right[j]) count++;
    if (left[i] + 1 < right[j]) {
      i++;
    } else {
      j++;
    }
  }
  return count;
}

function isLetter(code) {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90);
}

/** A word in small letters without the s of a plural. */
function stemOf(word) {
  const small = word.toLowerCase();
  return small.length > 3 && small.endsWith("s") ? small.slice(0, -1) : small;
}

/** Documents and questions of made-up words, of which few are frequent. */
class Library {
  constructor() {
    this.random = new Random();
    this.documents = Array.from({ length: 200 }, () => this.document());
    this.questions = Array.from({ length: 150 }, () => [this.word(), this.word(), this.word()]);
  }

  pick(limit) {
    return Math.floor((this.random.next() * limit) / 65536);
  }

  word() {
    const r = this.random.next() / 65536.0;
    const rank = Math.floor(2000.0 * r * r * r);
    const start = syllable(rank) + syllable(Math.floor(rank / 50));
    return rank % 3 === 0 ? start + syllable(rank * 7) : start;
  }

  document() {
    let out = "";
    const last = 60 + this.pick(60);
    for (let i = 0; i <= last; i++) {
      const word = this.word();
      out += i % 9 === 0 ? word[0].toUpperCase() + word.slice(1) : word;
      if (this.pick(4) === 0) out += "s";
      out += i % 9 === 8 ? ". " : this.pick(6) === 0 ? ", " : " ";
    }
    return out;
  }
}

function syllable(n) {
  return "bdfgklmnrt"[Math.floor(n / 5) % 10] + "aeiou"[n % 5];
}

function isRight(library) {
  const index = new Index();
  for (const document of library.documents) index.add(document);
  let count = 0;
  let sum = 0;
  for (let i = 0; i < library.questions.length; i++) {
    const question = library.questions[i];
    const ranking = i % 3 === 0 ? index.any(question) : index.both(question[0], question[1], i % 3 === 2);
    for (const { document, score } of ranking.hits) {
      count++;
      sum = (sum * 31 + document * 1000 + Math.floor(score * 100.0)) % 1000003;
    }
  }
  return count === 667 && sum === 458111;
}

const library = new Library();
run(2, (repeats) => {
  for (let i = 0; i < repeats; i++) {
    if (!isRight(library)) return false;
  }
  return true;
});
