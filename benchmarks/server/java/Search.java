// Search.java: indexes documents by their words and ranks what answers a question; see ../rima/search.rima.
package server;

import classic.Harness;
import classic.Som.Random;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

public final class Search {
  /** Numbers in a growing array, not boxed. */
  private static final class IntList {
    private int[] items = new int[4];
    private int count = 0;

    int size() {
      return count;
    }

    int get(int index) {
      return items[index];
    }

    void add(int value) {
      if (count == items.length) items = Arrays.copyOf(items, 2 * count);
      items[count++] = value;
    }
  }

  /** Where a word stands: the documents in ascending order, and for each the places within it. */
  private static final class Postings {
    final IntList documents = new IntList();
    final List<IntList> places = new ArrayList<>();

    void add(int document, int place) {
      if (documents.size() == 0 || documents.get(documents.size() - 1) != document) {
        documents.add(document);
        places.add(new IntList());
      }
      places.get(places.size() - 1).add(place);
    }
  }

  private record Hit(int document, double score) {}

  /** The best hits, the best first; of equals the earlier document. */
  private static final class Ranking {
    private final int most;
    final List<Hit> hits = new ArrayList<>();

    Ranking(int most) {
      this.most = most;
    }

    void offer(int document, double score) {
      int at = hits.size();
      while (at > 0 && hits.get(at - 1).score < score) at--;
      if (at == most) return;
      if (hits.size() == most) hits.remove(most - 1);
      hits.add(at, new Hit(document, score));
    }
  }

  private static final class Index {
    private static final Postings NONE = new Postings();
    private final Map<String, Postings> postings = new HashMap<>();
    private final IntList lengths = new IntList();
    private int total = 0;

    void add(String text) {
      int document = lengths.size();
      int place = 0;
      int at = 0;
      while (at < text.length()) {
        int start = at;
        while (at < text.length() && isLetter(text.charAt(at))) at++;
        if (at > start) {
          String stem = stemOf(text.substring(start, at));
          postings.computeIfAbsent(stem, key -> new Postings()).add(document, place);
          place++;
        } else {
          at++;
        }
      }
      lengths.add(place);
      total += place;
    }

    private Postings find(String word) {
      return postings.getOrDefault(stemOf(word), NONE);
    }

    /** How much it says that a document has a word so many times. */
    private double weight(Postings found, int document, int times) {
      double holders = found.documents.size();
      double rarity = (lengths.size() - holders + 0.5) / (holders + 0.5);
      double length = (double) lengths.get(document) * lengths.size() / total;
      return rarity * times * 2.2 / (times + 0.3 + 0.9 * length);
    }

    Ranking any(String[] words) {
      double[] scores = new double[lengths.size()];
      for (String word : words) {
        Postings found = find(word);
        for (int i = 0; i < found.documents.size(); i++) {
          int document = found.documents.get(i);
          scores[document] += weight(found, document, found.places.get(i).size());
        }
      }
      Ranking ranking = new Ranking(10);
      for (int document = 0; document < scores.length; document++) {
        if (scores[document] > 0.0) ranking.offer(document, scores[document]);
      }
      return ranking;
    }

    /** The documents with both words; where {@code isPhrase}, with one right behind the other. */
    Ranking both(String first, String second, boolean isPhrase) {
      Ranking ranking = new Ranking(10);
      Postings left = find(first);
      Postings right = find(second);
      int i = 0;
      int j = 0;
      while (i < left.documents.size() && j < right.documents.size()) {
        int document = left.documents.get(i);
        int other = right.documents.get(j);
        if (document < other) {
          i++;
        } else if (document > other) {
          j++;
        } else {
          IntList leftPlaces = left.places.get(i++);
          IntList rightPlaces = right.places.get(j++);
          int times = isPhrase ? following(leftPlaces, rightPlaces) : leftPlaces.size();
          if (times > 0) {
            double score = weight(left, document, times) + weight(right, document, rightPlaces.size());
            ranking.offer(document, score);
          }
        }
      }
      return ranking;
    }

    /** How many places have the one behind them in the other list. */
    private static int following(IntList left, IntList right) {
      int count = 0;
      int i = 0;
      int j = 0;
      while (i < left.size() && j < right.size()) {
        if (left.get(i) + 1 == right.get(j)) count++;
        if (left.get(i) + 1 < right.get(j)) {
          i++;
        } else {
          j++;
        }
      }
      return count;
    }
  }

  private static boolean isLetter(char c) {
    return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z';
  }

  /** A word in small letters without the s of a plural. */
  private static String stemOf(String word) {
    String small = word.toLowerCase();
    return small.length() > 3 && small.endsWith("s") ? small.substring(0, small.length() - 1) : small;
  }

  /** Documents and questions of made-up words, of which few are frequent. */
  private static final class Library {
    private final Random random = new Random();
    final List<String> documents = new ArrayList<>();
    final List<String[]> questions = new ArrayList<>();

    Library() {
      for (int i = 0; i < 200; i++) documents.add(document());
      for (int i = 0; i < 150; i++) questions.add(new String[] {word(rank()), word(rank()), word(rank())});
    }

    private int pick(int limit) {
      return random.next() * limit / 65536;
    }

    private int rank() {
      double r = random.next() / 65536.0;
      return (int) (2000.0 * r * r * r);
    }

    private static String syllable(int n) {
      return "" + "bdfgklmnrt".charAt(n / 5 % 10) + "aeiou".charAt(n % 5);
    }

    private static String word(int rank) {
      String start = syllable(rank) + syllable(rank / 50);
      return rank % 3 == 0 ? start + syllable(rank * 7) : start;
    }

    private String document() {
      StringBuilder out = new StringBuilder();
      int last = 60 + pick(60);
      for (int i = 0; i <= last; i++) {
        String word = word(rank());
        if (i % 9 == 0) {
          out.append(word.substring(0, 1).toUpperCase()).append(word.substring(1));
        } else {
          out.append(word);
        }
        if (pick(4) == 0) out.append('s');
        out.append(i % 9 == 8 ? ". " : pick(6) == 0 ? ", " : " ");
      }
      return out.toString();
    }
  }

  private static boolean isRight(Library library) {
    Index index = new Index();
    for (String document : library.documents) index.add(document);
    int count = 0;
    int sum = 0;
    for (int i = 0; i < library.questions.size(); i++) {
      String[] question = library.questions.get(i);
      Ranking ranking = i % 3 == 0 ? index.any(question) : index.both(question[0], question[1], i % 3 == 2);
      for (Hit hit : ranking.hits) {
        count++;
        sum = (sum * 31 + hit.document * 1000 + (int) (hit.score * 100.0)) % 1000003;
      }
    }
    return count == 667 && sum == 458111;
  }

  private static boolean search(Library library, int repeats) {
    for (int i = 0; i < repeats; i++) {
      if (!isRight(library)) return false;
    }
    return true;
  }

  public static void main(String[] args) {
    Library library = new Library();
    Harness.run(args, 2, size -> search(library, size));
  }
}
