package emulated

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"path"
	"strings"
)

// largestMessage is the limit of SQS on a message, and on all those of one call, in bytes.
const largestMessage = 1 << 20

// sqsRequest is what functions ask of SQS, in its JSON protocol.
type sqsRequest struct {
	QueueURL            string `json:"QueueUrl"`
	MessageBody         string
	MaxNumberOfMessages int
	Entries             []struct {
		ID            string `json:"Id"`
		ReceiptHandle string
	}
}

// sqsError answers as SQS does when it refuses.
func sqsError(w http.ResponseWriter, code, message string) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(http.StatusBadRequest)
	_ = json.NewEncoder(w).Encode(map[string]string{"__type": "com.amazonaws.sqs#" + code, "message": message}) // whoever asked may be gone
}

// serveSQS answers the operations of SQS that functions use: SendMessage, ReceiveMessage without waiting, DeleteMessageBatch.
func (s *Stack) serveSQS(w http.ResponseWriter, r *http.Request) {
	_, operation, ok := strings.Cut(r.Header.Get("X-Amz-Target"), "AmazonSQS.")
	var in sqsRequest
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 2*largestMessage)).Decode(&in); err != nil || !ok {
		sqsError(w, "InvalidRequest", "the request cannot be read")
		return
	}
	q := s.Queues[path.Base(in.QueueURL)]
	if q == nil {
		sqsError(w, "QueueDoesNotExist", "there is no queue "+in.QueueURL)
		return
	}
	switch operation {
	case "SendMessage":
		if why := badMessage(in.MessageBody); why != "" {
			sqsError(w, "InvalidMessageContents", why)
			return
		}
		sum := md5.Sum([]byte(in.MessageBody)) // the field of the wire format, no protection
		reply(w, http.StatusOK, map[string]string{"MessageId": q.Send(in.MessageBody), "MD5OfMessageBody": hex.EncodeToString(sum[:])})
	case "ReceiveMessage":
		messages := []map[string]any{}
		for _, m := range q.Receive(min(max(in.MaxNumberOfMessages, 1), 10)) {
			messages = append(messages, map[string]any{
				"MessageId": m.MessageId, "ReceiptHandle": m.ReceiptHandle, "Body": m.Body, "MD5OfBody": m.Md5OfBody, "Attributes": m.Attributes,
			})
		}
		reply(w, http.StatusOK, map[string]any{"Messages": messages})
	case "DeleteMessageBatch":
		done, failed := []map[string]any{}, []map[string]any{}
		for _, e := range in.Entries {
			if q.Delete(e.ReceiptHandle) {
				done = append(done, map[string]any{"Id": e.ID})
			} else {
				failed = append(failed, map[string]any{"Id": e.ID, "Code": "ReceiptHandleIsInvalid", "Message": "the receipt is not the latest", "SenderFault": true})
			}
		}
		reply(w, http.StatusOK, map[string]any{"Successful": done, "Failed": failed})
	default:
		sqsError(w, "UnsupportedOperation", operation+" is not emulated")
	}
}

// badMessage says why SQS would not take a message; "" when it does.
func badMessage(body string) string {
	if body == "" || len(body) > largestMessage {
		return "a message has 1 byte to 1 MiB"
	}
	for _, c := range body { // a byte that is no UTF-8 reads as U+FFFD, which SQS takes; functions send ASCII
		if c < ' ' && !strings.ContainsRune("\t\n\r", c) || c == 0xfffe || c == 0xffff {
			return "a message has a character that XML does not"
		}
	}
	return ""
}
