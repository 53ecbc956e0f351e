package process

import (
	"errors"
	"fmt"
	"strings"
)

// MarkVariable is in the environment of every child and of all it starts, with the child's incarnation.
const MarkVariable = "MCPHUB_CHILD"

// reserved would load code into a program or change which one runs.
var reserved = map[string]bool{"PATH": true, "NODE_OPTIONS": true, "BASH_ENV": true, "ENV": true}

// BuildEnvironment puts what was pushed over what the container's image sets. Nothing of the shim's own settings is in it.
// Errors name the variable, never its value.
func BuildEnvironment(container []string, pushed map[string]string, incarnation string) ([]string, error) {
	values := map[string]string{}
	for _, pair := range container {
		name, value, _ := strings.Cut(pair, "=")
		if !strings.HasPrefix(name, "MCPHUB_") && !strings.HasPrefix(name, "KUBERNETES_") {
			values[name] = value
		}
	}
	for name, value := range pushed {
		if !isVariableName(name) {
			return nil, errors.New("the name of an environment variable is malformed")
		}
		if reserved[name] || strings.HasPrefix(name, "LD_") || strings.HasPrefix(name, "MCPHUB_") {
			return nil, fmt.Errorf("the environment variable %s is reserved", name)
		}
		if strings.ContainsRune(value, 0) {
			return nil, fmt.Errorf("the environment variable %s holds a NUL character", name)
		}
		values[name] = value
	}
	values[MarkVariable] = incarnation
	env := make([]string, 0, len(values))
	for name, value := range values {
		env = append(env, name+"="+value)
	}
	return env, nil
}

func valueOf(env []string, name string) string {
	for _, pair := range env {
		if value, isIt := strings.CutPrefix(pair, name+"="); isIt {
			return value
		}
	}
	return ""
}

// isVariableName: letters, digits and underscores, no digit first.
func isVariableName(name string) bool {
	if name == "" || len(name) > 255 || (name[0] >= '0' && name[0] <= '9') {
		return false
	}
	return strings.IndexFunc(name, func(char rune) bool {
		return !(char == '_' || char >= '0' && char <= '9' || char >= 'a' && char <= 'z' || char >= 'A' && char <= 'Z')
	}) < 0
}
