package aws_test

import (
	"os"
	"testing"

	"github.com/weir-engine/weir/infra/emulated"
)

func TestMain(m *testing.M) { os.Exit(emulated.Alone(m.Run)) }
