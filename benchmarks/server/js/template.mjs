// template.mjs: makes a page of HTML from a template and the users of a shop; see ../rima/template.rima.
//
// Fields are a Map; everything else is the value of JavaScript that it stands for, nothing is undefined.
import { run } from "../../classic/js/harness.mjs";
import { Random } from "../../classic/js/som.mjs";

class Plain {
  constructor(text) {
    this.text = text;
  }
}

class Print {
  constructor(path, filters, isRaw) {
    this.path = path;
    this.filters = filters;
    this.isRaw = isRaw;
  }
}

class Each {
  constructor(path, body) {
    this.path = path;
    this.body = body;
  }
}

class If {
  constructor(path, then, otherwise) {
    this.path = path;
    this.then = then;
    this.otherwise = otherwise;
  }
}

class Parser {
  constructor(text) {
    this.text = text;
    this.at = 0;
    this.stop = ""; // what ended the parts that were read: the end, /each, /if or else
  }

  parse() {
    const all = this.parts();
    if (this.stop !== "") throw this.fail("the end");
    return all;
  }

  fail(wanted) {
    return new SyntaxError(`${wanted} is missing before byte ${this.at}`);
  }

  parts() {
    const parts = [];
    while (true) {
      const open = this.text.indexOf("{{", this.at);
      const end = open < 0 ? this.text.length : open;
      if (end > this.at) parts.push(new Plain(this.text.slice(this.at, end)));
      this.at = end;
      if (open < 0) {
        this.stop = "";
        return parts;
      }
      const tag = this.tag();
      if (tag.startsWith("/") || tag === "else") {
        this.stop = tag;
        return parts;
      }
      parts.push(this.part(tag));
    }
  }

  tag() {
    const end = this.text.indexOf("}}", this.at);
    if (end < 0) throw this.fail("}}");
    const tag = this.text.slice(this.at + 2, end);
    this.at = end + 2;
    return tag;
  }

  part(tag) {
    if (tag.startsWith("#each ")) return this.each(pathOf(tag.slice(6)));
    if (tag.startsWith("#if ")) return this.choice(pathOf(tag.slice(4)));
    const isRaw = tag.startsWith("&");
    const [path, ...filters] = (isRaw ? tag.slice(1) : tag).split("|");
    return new Print(pathOf(path), filters, isRaw);
  }

  each(path) {
    const body = this.parts();
    if (this.stop !== "/each") throw this.fail("{{/each}}");
    return new Each(path, body);
  }

  choice(path) {
    const then = this.parts();
    const otherwise = this.stop === "else" ? this.parts() : [];
    if (this.stop !== "/if") throw this.fail("{{/if}}");
    return new If(path, then, otherwise);
  }
}

function pathOf(text) {
  return text.split(".");
}

class Renderer {
  constructor() {
    this.out = "";
    this.scopes = [];
  }

  render(parts, data) {
    this.scopes.push(data);
    this.all(parts);
    return this.out;
  }

  all(parts) {
    for (const part of parts) {
      if (part instanceof Plain) {
        this.out += part.text;
      } else if (part instanceof Print) {
        this.print(filtered(textOf(this.find(part.path)), part.filters), part.isRaw);
      } else if (part instanceof Each) {
        this.each(this.find(part.path), part.body);
      } else {
        this.all(isTrue(this.find(part.path)) ? part.then : part.otherwise);
      }
    }
  }

  find(path) {
    let found = this.lookUp(path[0]);
    for (let i = 1; i < path.length; i++) found = found instanceof Map ? found.get(path[i]) : undefined;
    return found;
  }

  lookUp(name) {
    for (let i = this.scopes.length - 1; i >= 0; i--) {
      const found = this.scopes[i].get(name);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  each(items, body) {
    if (!Array.isArray(items)) return;
    for (const item of items) {
      this.scopes.push(item instanceof Map ? item : new Map([["this", item]]));
      this.all(body);
      this.scopes.pop();
    }
  }

  print(text, isRaw) {
    if (isRaw) {
      this.out += text;
      return;
    }
    let start = 0;
    for (let i = 0; i < text.length; i++) {
      const escape = escapeOf(text.charCodeAt(i));
      if (escape !== "") {
        this.out += text.slice(start, i) + escape;
        start = i + 1;
      }
    }
    this.out += text.slice(start);
  }
}

function escapeOf(code) {
  switch (code) {
    case 38:
      return "&amp;";
    case 60:
      return "&lt;";
    case 62:
      return "&gt;";
    case 34:
      return "&quot;";
    default:
      return "";
  }
}

function isTrue(data) {
  return Array.isArray(data) ? data.length > 0 : Boolean(data);
}

function textOf(data) {
  return typeof data === "object" || data === undefined ? "" : String(data);
}

function filtered(text, filters) {
  let result = text;
  for (const filter of filters) {
    switch (filter) {
      case "upper":
        result = result.toUpperCase();
        break;
      case "lower":
        result = result.toLowerCase();
        break;
      case "trim":
        result = result.trim();
        break;
      default:
        throw new RangeError(`there is no filter ${filter}`);
    }
  }
  return result;
}

const page = `\
<html><head><title>{{title|upper}}</title></head><body>
{{#if notice}}<p class="notice">{{notice}}</p>{{else}}<p>all is well</p>{{/if}}
{{#each users}}<section>
  <h2>{{name}} of {{address.city|trim|upper}}, {{address.country.code}}</h2>
  {{#if admin}}<b>{{title|lower}}</b>{{else}}<i>{{&badge}}</i>{{/if}}
  <ul>{{#each orders}}<li class="{{#if open}}open{{else}}done{{/if}}">{{sku}}: {{quantity}} x {{price}} for {{name}}</li>
  {{/each}}</ul>
  {{#each tags}}{{this|upper}}{{#if admin}}!{{/if}} {{/each}}
</section>
{{/each}}</body></html>
`;

const cities = ["  Bergen", "Cork  ", " Lyon ", "Oslo"];

/** The users of a shop. */
function shop(users) {
  const random = new Random();
  const pick = (limit) => Math.floor((random.next() * limit) / 65536);
  const list = (count, make) => Array.from({ length: count }, make);
  const fields = (object) => new Map(Object.entries(object));
  const order = () =>
    fields({ sku: `a-${pick(900)}`, quantity: 1 + pick(9), price: pick(2000), open: pick(2) === 0 });
  const user = (_, i) => {
    const country = fields({ code: `C${pick(50)}` });
    const address = fields({ city: cities[pick(4)], country });
    const orders = list(1 + pick(8), order);
    const tags = list(1 + pick(4), () => `tag<${pick(100)}>`);
    const admin = pick(3) === 0;
    return fields({ name: `User "${i}" & Co`, address, admin, badge: `<em>${pick(10)}</em>`, orders, tags });
  };
  return fields({ title: "Orders & <Users>", notice: "", users: list(users, user) });
}

function isRight(data) {
  const text = new Renderer().render(new Parser(page).parse(), data);
  let sum = 0;
  for (let i = 0; i < text.length; i++) sum = (sum * 31 + text.charCodeAt(i)) % 1000003;
  return text.length === 29203 && sum === 964138;
}

const data = shop(60);
run(10, (repeats) => {
  for (let i = 0; i < repeats; i++) {
    if (!isRight(data)) return false;
  }
  return true;
});
