package aws

import (
	"context"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/weir-engine/weir/infra/keyring"
	"github.com/weir-engine/weir/shared/contact"
	"github.com/weir-engine/weir/shared/fault"
)

// KMS is what is used of KMS.
type KMS interface {
	GenerateDataKey(context.Context, *kms.GenerateDataKeyInput, ...func(*kms.Options)) (*kms.GenerateDataKeyOutput, error)
	Decrypt(context.Context, *kms.DecryptInput, ...func(*kms.Options)) (*kms.DecryptOutput, error)
}

// keys keeps the keys of a base: one item of the table, sealed under a data key that KMS wraps. KMS is asked once by each process
// that meets contact data, and never for a single user.
type keys struct {
	table *table
	kms   KMS
	id    string // of the key of KMS

	mu      sync.Mutex
	ring    *keyring.Ring
	version int64
}

func (k *keys) key() key { return k.table.key("meta", "keys") }

// context binds what KMS wraps to the base: its trail shows it, and another workspace's ring does not open.
func (k *keys) context() map[string]string { return map[string]string{"weir": k.table.workspace} }

// get returns the keys; a base without any gets new ones.
func (k *keys) get(ctx context.Context) (*keyring.Ring, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.ring != nil {
		return k.ring, nil
	}
	return k.load(ctx)
}

// fresh is get for who wraps: a process that kept the keys from before a rotation reads them again.
func (k *keys) fresh(ctx context.Context) (*keyring.Ring, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.ring == nil {
		return k.load(ctx)
	}
	it, err := k.table.get(ctx, k.key())
	if err != nil {
		return nil, k.table.fault(err, "read the keys")
	}
	if it.number("v") == k.version {
		return k.ring, nil
	}
	return k.load(ctx)
}

// load reads the keys, or makes them.
func (k *keys) load(ctx context.Context) (*keyring.Ring, error) {
	if k.kms == nil || k.id == "" {
		return nil, fault.New(fault.Invalid, "no key of KMS is named, and the events hold contact data").
			WithHint("set WEIR_KEY to the ARN of a symmetric key, as template.yaml does")
	}
	it, err := k.table.get(ctx, k.key())
	if err != nil {
		return nil, k.table.fault(err, "read the keys")
	}
	if it == nil {
		ring, err := keyring.New(time.Now().UnixMilli())
		if err != nil {
			return nil, err
		}
		err = k.store(ctx, ring)
		if !fault.Is(err, fault.Conflict) {
			return ring, err
		}
		if it, err = k.table.get(ctx, k.key()); err != nil { // another process made them
			return nil, k.table.fault(err, "read the keys")
		}
	}
	out, err := k.kms.Decrypt(ctx, &kms.DecryptInput{
		KeyId: &k.id, CiphertextBlob: it.bytes("wrapped"), EncryptionContext: k.context(),
		EncryptionAlgorithm: types.EncryptionAlgorithmSpecSymmetricDefault,
	})
	if err != nil {
		return nil, cloudFault(err, "KMS", "open the keys of the base")
	}
	text, err := contact.Open(out.Plaintext, []byte(k.table.workspace), it.bytes("sealed"))
	if err != nil {
		return nil, err
	}
	ring, err := keyring.Parse(text)
	if err == nil {
		k.ring, k.version = ring, it.number("v")
	}
	return ring, err
}

// set replaces the keys; Conflict when another process did.
func (k *keys) set(ctx context.Context, ring *keyring.Ring) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.store(ctx, ring)
}

func (k *keys) store(ctx context.Context, ring *keyring.Ring) error {
	text, err := ring.Text()
	if err != nil {
		return err
	}
	out, err := k.kms.GenerateDataKey(ctx, &kms.GenerateDataKeyInput{
		KeyId: &k.id, KeySpec: types.DataKeySpecAes256, EncryptionContext: k.context(),
	})
	if err != nil {
		return cloudFault(err, "KMS", "seal the keys of the base")
	}
	sealed, err := contact.Seal(out.Plaintext, []byte(k.table.workspace), text)
	if err != nil {
		return err
	}
	it := k.key().with(item{"v": num(k.version + 1), "wrapped": blob(out.CiphertextBlob), "sealed": blob(sealed)})
	err = k.table.put(ctx, it, versionIs(k.version))
	if isCondition(err) {
		return fault.New(fault.Conflict, "the keys of the base were changed by another process").WithHint("repeat it")
	}
	if err != nil {
		return k.table.fault(err, "keep the keys")
	}
	k.ring, k.version = ring, k.version+1
	return nil
}
