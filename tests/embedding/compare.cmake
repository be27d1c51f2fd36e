# Runs PROGRAM; its output must be the text of EXPECTED and its exit status 0.
execute_process(COMMAND ${PROGRAM} OUTPUT_VARIABLE output ERROR_VARIABLE errors RESULT_VARIABLE status)
file(READ ${EXPECTED} expected)
if(NOT status EQUAL 0 OR NOT output STREQUAL expected)
  message(FATAL_ERROR "status ${status}\n--- expected\n${expected}\n--- output\n${output}\n--- errors\n${errors}")
endif()
