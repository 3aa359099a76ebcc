// The peer on asynq: `bench worker KIND SLOTS FOLDER` and `bench produce bulk|trickle KIND FILE [PERIOD_MS]`.
// Results are kept in Redis for an hour by its own result writer.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hibiken/asynq"
)

const (
	retention = time.Hour
	producers = 16 // goroutines: asynq has no call for many tasks
)

type result struct {
	ExitCode int    `json:"exitCode"`
	Stdout   string `json:"stdout"`
	Stderr   string `json:"stderr"`
}

func main() {
	redis := asynq.RedisClientOpt{Addr: "127.0.0.1:" + os.Getenv("BENCH_REDIS_PORT")}
	args := os.Args[1:]
	var err error
	switch {
	case len(args) == 4 && args[0] == "worker":
		err = work(redis, args[2], args[3])
	case len(args) >= 4 && args[0] == "produce":
		err = produce(redis, args[1], args[2], args[3], args[4:])
	default:
		err = fmt.Errorf("expected worker or produce with their arguments, got %q", args)
	}
	if err != nil {
		log.Fatal(err)
	}
}

func work(redis asynq.RedisClientOpt, slots, folder string) error {
	concurrency, err := strconv.Atoi(slots)
	if err != nil {
		return err
	}
	name := filepath.Join(folder, fmt.Sprintf("%d.times", os.Getpid()))
	times, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	// One line a task, its start and its end in microseconds, always 34 bytes; an append is atomic.
	record := func(start time.Time) {
		fmt.Fprintf(times, "%d %d\n", start.UnixMicro(), time.Now().UnixMicro())
	}
	mux := asynq.NewServeMux()
	mux.HandleFunc("command", func(_ context.Context, task *asynq.Task) error {
		start := time.Now()
		ended, err := runCommand(string(task.Payload()))
		record(start)
		if err != nil {
			return err
		}
		body, err := json.Marshal(ended)
		if err != nil {
			return err
		}
		_, err = task.ResultWriter().Write(body)
		return err
	})
	mux.HandleFunc("handler", func(_ context.Context, task *asynq.Task) error {
		start := time.Now()
		ms, err := strconv.Atoi(string(task.Payload()))
		if err != nil {
			return err
		}
		if ms > 0 {
			time.Sleep(time.Duration(ms) * time.Millisecond)
		}
		record(start)
		_, err = task.ResultWriter().Write([]byte("true"))
		return err
	})
	server := asynq.NewServer(redis, asynq.Config{Concurrency: concurrency, LogLevel: asynq.ErrorLevel})
	return server.Run(mux)
}

func runCommand(command string) (result, error) {
	var stdout, stderr bytes.Buffer
	cmd := exec.Command("/bin/sh", "-c", command)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		return result{}, err
	}
	return result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}, nil
}

func produce(redis asynq.RedisClientOpt, how, kind, file string, rest []string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	payloads := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	client := asynq.NewClient(redis)
	defer client.Close()
	enqueue := func(payload string) error {
		_, err := client.Enqueue(asynq.NewTask(kind, []byte(payload)), asynq.Retention(retention))
		return err
	}
	if how == "bulk" {
		begin := time.Now()
		if err := enqueueAll(payloads, enqueue); err != nil {
			return err
		}
		return say(map[string]float64{"ms": float64(time.Since(begin).Microseconds()) / 1000})
	}
	periodMs, err := strconv.ParseFloat(rest[0], 64)
	if err != nil {
		return err
	}
	calledAt := make([]float64, 0, len(payloads))
	begin := time.Now()
	for index, payload := range payloads {
		time.Sleep(time.Until(begin.Add(time.Duration(float64(index) * periodMs * float64(time.Millisecond)))))
		calledAt = append(calledAt, float64(time.Now().UnixMicro())/1000)
		if err := enqueue(payload); err != nil {
			return err
		}
	}
	return say(map[string][]float64{"calledAt": calledAt})
}

func enqueueAll(payloads []string, enqueue func(string) error) error {
	feed := make(chan string)
	failures := make(chan error, producers)
	var lanes sync.WaitGroup
	for range producers {
		lanes.Add(1)
		go func() {
			defer lanes.Done()
			for payload := range feed {
				if err := enqueue(payload); err != nil {
					select {
					case failures <- err:
					default: // one failure tells enough
					}
				}
			}
		}()
	}
	for _, payload := range payloads {
		feed <- payload
	}
	close(feed)
	lanes.Wait()
	close(failures)
	return <-failures
}

func say(what any) error {
	return json.NewEncoder(os.Stdout).Encode(what)
}
