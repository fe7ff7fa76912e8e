package emulated

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/weir-engine/weir/shared/fault"
)

// serveInvoke invokes a function as Lambda's Invoke does: the body is the event, the answer that of the function.
func (s *Stack) serveInvoke(w http.ResponseWriter, r *http.Request) {
	f := s.Functions[r.PathValue("name")]
	if f == nil {
		reply(w, http.StatusNotFound, map[string]string{"Message": "there is no function " + r.PathValue("name")})
		return
	}
	event, err := io.ReadAll(http.MaxBytesReader(w, r.Body, largestAnswer))
	if err != nil {
		reply(w, http.StatusRequestEntityTooLarge, map[string]string{"Message": "an event is 6 MB at most"})
		return
	}
	if len(event) == 0 {
		event = []byte("{}")
	}
	if r.Header.Get("X-Amz-Invocation-Type") == "Event" {
		s.invokeLater(f, event)
		w.WriteHeader(http.StatusAccepted)
		return
	}
	answer, err := f.Invoke(r.Context(), event)
	if own := asFunctionError(err); own != nil {
		w.Header().Set("X-Amz-Function-Error", "Unhandled")
		reply(w, http.StatusOK, own)
		return
	}
	if err != nil {
		reply(w, http.StatusBadGateway, map[string]string{"Message": err.Error(), "Hint": fault.HintOf(err)})
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(answer) // whoever asked may be gone
}

// asyncTries is how often an event that nobody waits for is tried, as AWS does.
const asyncTries = 3

// invokeLater hands an event to a function that nobody waits for.
func (s *Stack) invokeLater(f *Function, event []byte) {
	s.pollers.Go(func() {
		for try := 1; ; try++ {
			_, err := f.Invoke(s.run, event)
			if err == nil || s.run.Err() != nil || try == asyncTries {
				return
			}
			s.options.Log.Warn("an event failed", "function", f.Name, "try", try, "error", err)
			pause := time.Duration(try) * time.Minute // as AWS does
			if s.options.RetryAfter != nil {
				pause = *s.options.RetryAfter
			}
			select {
			case <-time.After(pause):
			case <-s.run.Done():
				return
			}
		}
	})
}

// serveRedrive sends what is in the dead letters back to the queues that gave it up.
func (s *Stack) serveRedrive(w http.ResponseWriter, r *http.Request) {
	dead := s.Queues[r.PathValue("name")]
	moved := map[string]int{}
	for name, q := range s.Queues {
		if dead != nil && q.DeadLetters == dead {
			moved[name] = dead.Redrive(q)
		}
	}
	if len(moved) == 0 {
		reply(w, http.StatusNotFound, map[string]string{"Message": "no queue has the dead letters " + r.PathValue("name")})
		return
	}
	reply(w, http.StatusOK, map[string]any{"messages": moved})
}

// serveStatus says what runs and what waits.
func (s *Stack) serveStatus(w http.ResponseWriter, _ *http.Request) {
	queues := map[string]int{}
	for name, q := range s.Queues {
		queues[name] = q.Len()
	}
	functions := make([]string, 0, len(s.Functions))
	for name := range s.Functions {
		functions = append(functions, name)
	}
	slices.Sort(functions)
	reply(w, http.StatusOK, map[string]any{
		"functions": functions, "queues": queues, "skipped": s.Skipped, "dynamodb": s.Tables, "s3": s.Objects,
	})
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // whoever asked may be gone
}
