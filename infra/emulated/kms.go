package emulated

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
)

// KeyARN is the key that the stand-in of KMS holds.
const KeyARN = "arn:aws:kms:" + region + ":000000000000:key/weir"

// Secrets stands in for KMS: the two operations that are used, over one key. It wraps nothing: the key of a call follows from the
// bytes that are said to be wrapped, so that every run of a test has the same keys.
type Secrets struct {
	URL   string
	own   *http.Server
	mu    sync.Mutex
	calls map[string]int
}

// KMS starts the stand-in.
func KMS(ctx context.Context) (*Secrets, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &Secrets{calls: map[string]int{}, URL: "http://" + listener.Addr().String()}
	s.own = &http.Server{Handler: http.HandlerFunc(s.serve)}
	go func() { _ = s.own.Serve(listener) }()
	return s, nil
}

// Close ends the stand-in.
func (s *Secrets) Close() { _ = s.own.Close() }

// Calls is the number of calls so far, by operation.
func (s *Secrets) Calls() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.calls)
}

// Client speaks to the stand-in.
func (s *Secrets) Client() *kms.Client {
	return kms.NewFromConfig(Config(), func(o *kms.Options) { o.BaseEndpoint = aws.String(s.URL) })
}

// wrappedPrefix begins what the stand-in calls wrapped: the encryption context follows, which must be given again.
const wrappedPrefix = "stand-in:"

func (s *Secrets) serve(w http.ResponseWriter, r *http.Request) {
	var in struct {
		KeyID   string            `json:"KeyId"`
		Spec    string            `json:"KeySpec"`
		Wrapped []byte            `json:"CiphertextBlob"`
		Given   map[string]string `json:"EncryptionContext"`
	}
	refuse := func(kind, message string) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]string{"__type": kind, "message": message})
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&in); err != nil {
		refuse("ValidationException", err.Error())
		return
	}
	bound := wrappedPrefix
	for _, name := range slices.Sorted(maps.Keys(in.Given)) {
		bound += fmt.Sprintf("%q=%q;", name, in.Given[name])
	}
	operation := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "TrentService.")
	switch {
	case in.KeyID != KeyARN:
		refuse("NotFoundException", "no such key")
		return
	case operation == "GenerateDataKey" && in.Spec == "AES_256":
		in.Wrapped = []byte(bound)
	case operation == "Decrypt" && string(in.Wrapped) == bound:
	case operation == "Decrypt":
		refuse("InvalidCiphertextException", "the context or the text is another")
		return
	default:
		refuse("UnsupportedOperationException", operation)
		return
	}
	s.mu.Lock()
	s.calls[operation]++
	s.mu.Unlock()
	key := sha256.Sum256(in.Wrapped)
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	_ = json.NewEncoder(w).Encode(map[string]any{"KeyId": KeyARN, "CiphertextBlob": in.Wrapped, "Plaintext": key[:]})
}
