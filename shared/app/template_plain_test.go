package app

import (
	"reflect"
	"testing"
	"time"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/score"
	"github.com/weir-engine/weir/shared/strategy"
	"github.com/weir-engine/weir/shared/zone"
)

// The functions on AWS are built without what Liquid does with structs (infra/functions/build.sh): templates must not see any.
func TestTemplatesSeePlainValues(t *testing.T) {
	z := zone.FromLocation(time.UTC)
	engine, err := score.New(strategy.Default(), z)
	if err != nil {
		t.Fatal(err)
	}
	facts := &profile.Facts{}
	for _, text := range []string{`"a"`, `1.5`, `true`, `["a", 1]`, `{"a": {"b": 1}}`, `null`} {
		v, ok := event.ParseValue(text)
		if !ok {
			t.Fatal(text)
		}
		facts.Traits = append(facts.Traits, profile.Trait{Name: text, Value: v})
	}
	_, bindings := messageBindings(&Live{Engine: engine, Zone: z}, &UserView{Key: "u", Facts: facts}, Intent{})
	var check func(path string, v reflect.Value)
	check = func(path string, v reflect.Value) {
		switch v.Kind() {
		case reflect.Interface:
			check(path, v.Elem())
		case reflect.Map:
			for _, k := range v.MapKeys() {
				check(path+"."+k.String(), v.MapIndex(k))
			}
		case reflect.Slice:
			if v.Type().Elem().Kind() == reflect.Struct {
				t.Errorf("%s is a list of structs", path)
			}
			for i := range v.Len() {
				check(path+"[]", v.Index(i))
			}
		case reflect.String, reflect.Bool, reflect.Int, reflect.Int64, reflect.Float64, reflect.Invalid:
		default:
			t.Errorf("%s is a %v", path, v.Kind())
		}
	}
	check("", reflect.ValueOf(bindings))
}
