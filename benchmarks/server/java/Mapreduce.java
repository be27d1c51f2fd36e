// Mapreduce.java: counts the words of texts with threads and bounded queues; see ../rima/mapreduce.rima.
package server;

import classic.Harness;
import classic.Som.Random;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

public final class Mapreduce {
  private static final int MAPPERS = 4;
  private static final int REDUCERS = 3;
  private static final int MODULUS = 1000003;

  /** In a queue, the end of it. */
  private static final int NO_JOB = -1;

  private static final Map<String, Integer> NO_COUNTS = Map.of();

  /** What a reducer found: how many words, how many different ones, and a sum in which order does not count. */
  private record Total(int words, int distinct, int sum) {}

  private static int hashOf(String word) {
    int hash = 7;
    for (int i = 0; i < word.length(); i++) hash = (hash * 31 + word.charAt(i)) % MODULUS;
    return hash;
  }

  /** How often each word occurs, for each reducer the words that are its own. */
  private static List<Map<String, Integer>> count(String text) {
    List<Map<String, Integer>> counts = new ArrayList<>();
    for (int i = 0; i < REDUCERS; i++) counts.add(new HashMap<>());
    for (String word : text.split(" ")) counts.get(hashOf(word) % REDUCERS).merge(word, 1, Integer::sum);
    return counts;
  }

  private static Void map(
      List<String> texts, BlockingQueue<Integer> jobs, List<BlockingQueue<Map<String, Integer>>> counted)
      throws InterruptedException {
    for (int job = jobs.take(); job != NO_JOB; job = jobs.take()) {
      List<Map<String, Integer>> counts = count(texts.get(job));
      for (int i = 0; i < REDUCERS; i++) counted.get(i).put(counts.get(i));
    }
    return null;
  }

  private static Total reduce(BlockingQueue<Map<String, Integer>> counted) throws InterruptedException {
    Map<String, Integer> all = new HashMap<>();
    for (Map<String, Integer> counts = counted.take(); counts != NO_COUNTS; counts = counted.take()) {
      counts.forEach((word, count) -> all.merge(word, count, Integer::sum));
    }
    int words = 0;
    int sum = 0;
    for (Map.Entry<String, Integer> entry : all.entrySet()) {
      words += entry.getValue();
      sum = (sum + hashOf(entry.getKey()) * entry.getValue()) % MODULUS;
    }
    return new Total(words, all.size(), sum);
  }

  private static boolean isRight(List<String> texts) throws InterruptedException, ExecutionException {
    ExecutorService threads = Executors.newFixedThreadPool(MAPPERS + REDUCERS);
    try {
      BlockingQueue<Integer> jobs = new ArrayBlockingQueue<>(4);
      List<BlockingQueue<Map<String, Integer>>> counted = new ArrayList<>();
      List<Future<Total>> totals = new ArrayList<>();
      for (int i = 0; i < REDUCERS; i++) {
        BlockingQueue<Map<String, Integer>> queue = new ArrayBlockingQueue<>(4);
        counted.add(queue);
        totals.add(threads.submit(() -> reduce(queue)));
      }
      List<Future<Void>> mappers = new ArrayList<>();
      for (int i = 0; i < MAPPERS; i++) mappers.add(threads.submit(() -> map(texts, jobs, counted)));
      for (int i = 0; i < texts.size(); i++) jobs.put(i);
      for (int i = 0; i < MAPPERS; i++) jobs.put(NO_JOB);
      for (Future<Void> mapper : mappers) mapper.get();
      for (BlockingQueue<Map<String, Integer>> queue : counted) queue.put(NO_COUNTS);
      int words = 0;
      int distinct = 0;
      int sum = 0;
      for (Future<Total> future : totals) {
        Total total = future.get();
        words += total.words;
        distinct += total.distinct;
        sum = (sum + total.sum) % MODULUS;
      }
      return words == 12800 && distinct == 1000 && sum == 578916;
    } finally {
      threads.shutdown();
    }
  }

  private static final String[] SYLLABLES = {"ba", "de", "fi", "go", "ku", "la", "me", "ni", "po", "ru"};

  /** Texts of made-up words, of which few are frequent. */
  private static List<String> makeTexts(int count) {
    Random random = new Random();
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      List<String> words = new ArrayList<>();
      for (int j = 0; j < 200; j++) {
        double r = random.next() / 65536.0;
        int rank = (int) (1000.0 * r * r);
        words.add(SYLLABLES[rank % 10] + SYLLABLES[rank / 10 % 10] + SYLLABLES[rank / 100]);
      }
      texts.add(String.join(" ", words));
    }
    return texts;
  }

  private static boolean mapreduce(List<String> texts, int repeats) {
    try {
      for (int i = 0; i < repeats; i++) {
        if (!isRight(texts)) return false;
      }
      return true;
    } catch (InterruptedException | ExecutionException e) {
      throw new IllegalStateException(e);
    }
  }

  public static void main(String[] args) {
    List<String> texts = makeTexts(64);
    Harness.run(args, 5, size -> mapreduce(texts, size));
  }
}
